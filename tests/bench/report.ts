import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { join, resolve } from 'node:path'
import type { Result } from './measure.ts'

const FOLDER = resolve(import.meta.dirname, '../../bench-results')

type Cells = readonly string[]

const HEAD: Cells = [
  'target',
  'median',
  'from – to',
  'unit',
  'server CPU',
  'p99',
  '× node',
  '× nginx',
  '× plikd',
  '× put',
  'goal',
]
const WIDTHS = [15, 9, 17, 10, 14, 9, 7, 8, 8, 7, 0]

export function printHead(): void {
  print(HEAD)
}

/** The contenders of one comparison, below its name. */
export function printResults(results: Result[]): void {
  const [first] = results
  if (first) process.stdout.write(`\n${first.scenario}: ${first.name}\n`)
  for (const result of results) print(cells(result))
}

function cells({ target, median, values, unit, cpu, cpuUnit, p99, ratios, goals }: Result): Cells {
  const ratio = (reference: string) => (ratios[reference] === undefined ? '' : figure(ratios[reference]))
  return [
    target,
    figure(median),
    `${figure(Math.min(...values))} – ${figure(Math.max(...values))}`,
    unit,
    cpu === undefined ? '' : `${figure(cpu)} ${cpuUnit}`,
    p99 === undefined ? '' : `${figure(p99)} ms`,
    ratio('node'),
    ratio('nginx'),
    ratio('plikd'),
    ratio('put'),
    goals.map(({ text, isMet }) => `${isMet ? '✓' : '✗ MISSED'} ${text}`).join(', '),
  ]
}

/** All goals that could be judged, in one list. */
export function printGoals(results: Result[]): void {
  process.stdout.write('\nGoals:\n')
  for (const { scenario, name, target, goals } of results)
    for (const { text, reached, isMet } of goals)
      process.stdout.write(`  ${isMet ? '✓' : '✗'} ${scenario}: ${name}, ${target}: ${figure(reached)} (${text})\n`)
}

function print(row: Cells): void {
  const padded = row.map((cell, index) =>
    index === 0 ? cell.padEnd(WIDTHS[0] ?? 0) : cell.padStart(WIDTHS[index] ?? 0),
  )
  process.stdout.write(`  ${padded.join('  ').trimEnd()}\n`)
}

/** Three digits that matter. */
const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))

export interface Run {
  startedAt: Date
  isQuick: boolean
  rounds: number
  results: Result[]
  failures: { scenario: string; reason: string }[]
}

/** Returns the path of the file. */
export function saveResults({ startedAt, ...run }: Run): string {
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `${startedAt.toISOString().replace(/[:.]/g, '-')}.json`)
  const about = {
    startedAt: startedAt.toISOString(),
    minutes: Math.round((Date.now() - startedAt.getTime()) / 6000) / 10,
    commit: commit(),
    node: process.version,
    machine: {
      cores: cpus().length,
      cpu: cpus()[0]?.model,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      load: loadavg(),
    },
  }
  writeFileSync(path, `${JSON.stringify({ ...about, ...run }, null, 2)}\n`)
  return path
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
      stdio: 'pipe',
    }).trim()
  } catch {
    return undefined // no checkout
  }
}

export const profileFolder = (): string => join(FOLDER, 'profiles')
