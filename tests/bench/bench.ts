import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createContext, FULL, QUICK, type Scenario } from './context.ts'
import { stopAll } from './processes.ts'
import { printGoals, printHead, printResults, profileFolder, type Run, saveResults } from './report.ts'
import { archive } from './scenarios/archive.ts'
import { bigDownload } from './scenarios/big-download.ts'
import { bigUpload } from './scenarios/big-upload.ts'
import { expiry } from './scenarios/expiry.ts'
import { imageMemory } from './scenarios/image-memory.ts'
import { images } from './scenarios/images.ts'
import { marking } from './scenarios/marking.ts'
import { memory } from './scenarios/memory.ts'
import { resumable } from './scenarios/resumable.ts'
import { smallDownload } from './scenarios/small-download.ts'
import { smallUpload } from './scenarios/small-upload.ts'
import { start } from './scenarios/start.ts'

/** `npm run bench`: see docs/performance.md. Linux only, since it reads /proc. */

/** Expiry last: ext4 is slow at making files for minutes after it deleted many. */
const SCENARIOS: Scenario[] = [
  start,
  memory,
  bigUpload,
  resumable,
  bigDownload,
  archive,
  smallDownload,
  smallUpload,
  images,
  imageMemory,
  marking,
  expiry,
]

const USAGE = `Usage: npm run bench -- [options]

  --only NAME,NAME   some scenarios only
  --quick            small sizes and two rounds: shows that it works, not how fast
  --rounds N         measurements of each contender (5)
  --profile          CPU profiles of Mayfly into bench-results/profiles
  --list             names the scenarios
  --help             shows this

The environment variable PLIKD names the binary of Plik's server, to measure it as well.
`

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    profile: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void stopAll().finally(() => process.exit(1)))
}

if (options.help) process.stdout.write(USAGE)
else if (options.list) for (const { name, about } of SCENARIOS) process.stdout.write(`${name.padEnd(16)}${about}\n`)
else process.exitCode = await bench(chosen(options.only))

function chosen(only: string | undefined): Scenario[] {
  if (only === undefined) return SCENARIOS
  const names = only.split(',')
  const unknown = names.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name))
  if (unknown.length > 0) throw new Error(`unknown scenario ${unknown.join(', ')}; --list names them`)
  return SCENARIOS.filter(({ name }) => names.includes(name))
}

/** Returns the exit code: 1 when a scenario failed, such as by a wrong byte; a missed goal is no failure. */
async function bench(scenarios: Scenario[]): Promise<number> {
  const rounds = Number(options.rounds ?? (options.quick ? 2 : 5))
  const run: Run = { startedAt: new Date(), isQuick: options.quick, rounds, results: [], failures: [] }
  if ((loadavg()[0] ?? 0) > cpus().length / 2)
    process.stdout.write('The machine is busy: take the ratios, not the figures.\n')
  printHead()
  for (const scenario of scenarios) await runScenario(scenario, run)
  printGoals(run.results)
  process.stdout.write(`\n${saveResults(run)}\n`)
  for (const { scenario, reason } of run.failures) process.stdout.write(`FAILED ${scenario}: ${reason}\n`)
  return run.failures.length === 0 ? 0 : 1
}

async function runScenario(scenario: Scenario, run: Run): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'mayfly-bench-'))
  const { context, end } = createContext({
    root,
    scenario: scenario.name,
    sizes: options.quick ? QUICK : FULL,
    rounds: run.rounds,
    profileTo: options.profile ? join(profileFolder(), scenario.name) : undefined,
    onResults: (results) => {
      run.results.push(...results)
      printResults(results)
    },
  })
  const cleanUp = () => rmSync(root, { recursive: true, force: true })
  process.once('exit', cleanUp)
  try {
    await scenario.run(context)
  } catch (error) {
    run.failures.push({ scenario: scenario.name, reason: error instanceof Error ? `${error.stack}` : String(error) })
  } finally {
    end()
    process.off('exit', cleanUp)
  }
}
