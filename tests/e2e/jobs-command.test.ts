import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { givenFile } from '../helpers/client.ts'
import { runCommand, startCommand } from '../helpers/command-line.ts'
import { migratedFolder } from '../helpers/database.ts'
import { makeApp } from '../helpers/make-app.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

/** Each command is a process. */
const SLOW = 90_000

const given = () => ({ DATA_DIR: migratedFolder(), LOG_FORMAT: 'json' })

test(
  'jobs are listed, started at a step, disabled and looked back at from the command line',
  async () => {
    const settings = given()

    const list = await runCommand(['jobs'], settings)
    expect(list.output).toContain('The agent is enabled, but no server is running.')
    expect(list.output).toMatch(/^purge-expired-uploads {5}enabled {3}never run, next 20\d\d-/m)

    const started = await runCommand(['jobs', 'start', 'purge-expired-uploads', '--step', '2'], settings)
    expect(started.code).toBe(0)
    expect(started.output).toContain('2.1 delete bytes: succeeded. 0 files deleted, 0 bytes freed.')
    expect(started.output).not.toContain('1.1 ')

    expect((await runCommand(['jobs', 'disable', 'purge-expired-uploads'], settings)).output).toBe(
      'purge-expired-uploads is disabled\n',
    )
    const { agent, jobs } = JSON.parse((await runCommand(['jobs', '--json'], settings)).output)
    expect(agent).toMatchObject({ isRunning: false, isEnabled: true })
    const overview = jobs.find(({ job }: { job: { name: string } }) => job.name === 'purge-expired-uploads')
    expect(overview).toMatchObject({ job: { isEnabled: false }, last: { outcome: 'succeeded' }, nextRunAt: null })

    const history = await runCommand(['jobs', 'history', 'purge-expired-uploads', '--limit', '1'], settings)
    expect(history.output).toContain('succeeded   The job succeeded. The last step to run was step 3 (delete rows).')
  },
  SLOW,
)

test(
  'what makes no sense is refused, and it is said why',
  async () => {
    const settings = given()
    const errors = async (...args: string[]) => {
      const { code, errors: text } = await runCommand(args, settings)
      return [code, text.split('\n')[0]]
    }

    expect(await errors('jobs', 'start', 'nothing')).toEqual([1, 'mayfly: job nothing not found'])
    expect(await errors('jobs', 'start', 'check-links', '--step', '9')).toEqual([
      1,
      'mayfly: step 9 does not exist, the job has 2',
    ])
    expect(await errors('jobs', 'dance')).toEqual([
      2,
      "mayfly jobs: unknown command 'dance'; allowed: list, start, stop, enable, disable, history, agent",
    ])
    expect(await errors('jobs', 'start', 'check-links', '--step', '0')).toEqual([
      2,
      "mayfly jobs start: option '--step <number>' argument '0' is invalid. Allowed is a whole number from 1 to 1000; see `mayfly jobs start --help`",
    ])
  },
  SLOW,
)

/** A job that takes an hour, once it runs. */
async function givenSlowJob(settings: { DATA_DIR: string }) {
  const app = await makeApp({ DATA_DIR: settings.DATA_DIR })
  await givenFile(app, {}, new Uint8Array(3_600_000))
  const step = { name: 'read', action: 'verify-digests', parameters: { bytesPerSecond: 1_000 } }
  await app.jobEngine.jobs.create({ name: 'slow', steps: [step] })
  const { ended } = startCommand(['jobs', 'start', 'slow'], settings)
  await waitFor(async () => expect((await app.jobEngine.control.get('slow')).current).toBeDefined())
  return { ended }
}

test(
  'a job that runs in one process is stopped from another',
  async () => {
    const settings = given()
    const { ended } = await givenSlowJob(settings)

    const { output } = await runCommand(['jobs', 'stop', 'slow'], settings)

    expect(output).toMatch(/^asked \S+ to stop slow\n$/)
    expect(await ended).toMatchObject({
      code: 1,
      output: expect.stringContaining('The job was stopped by an operator.'),
    })
  },
  SLOW,
)

test(
  'a backup is restored, but not under servers that run',
  async () => {
    const settings = given()
    const server = await spawnServer(settings)
    const link = (await (await fetch(`${server.url}/x.txt`, { method: 'PUT', body: 'kept' })).text()).trim()
    const backup = await runCommand(['backup'], settings)
    expect(backup.code).toBe(0)
    const file = backup.output.trim()
    expect(readdirSync(join(settings.DATA_DIR, 'backups'))).toHaveLength(1)

    const refused = await runCommand(['restore', file], settings)
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('first, or use --force') })

    await server.kill('SIGTERM')
    expect(await runCommand(['restore', file], settings)).toMatchObject({ code: 0 })
    const next = await spawnServer(settings)
    await waitFor(async () => expect(await (await fetch(link.replace(server.url, next.url))).text()).toBe('kept'))
  },
  SLOW,
)
