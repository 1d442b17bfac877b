import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'

interface Lock {
  packages: Record<string, { version?: string; optionalDependencies?: Record<string, string> }>
}

const lock: Lock = JSON.parse(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8'))

/** Versions below have known holes: content-type and proxy bypasses, hangs, crashes by one request, code execution by an image. */
const FLOORS = {
  fastify: '5.12.1',
  '@fastify/busboy': '3.2.6',
  '@fastify/static': '10.1.4',
  '@fastify/proxy-addr': '5.1.1',
  sharp: '0.35.4',
}

test.for(Object.entries(FLOORS))('%s is at least %s', ([name, floor]) => {
  const version = lock.packages[`node_modules/${name}`]?.version ?? '0.0.0'

  expect(version.localeCompare(floor, 'en', { numeric: true })).toBeGreaterThanOrEqual(0)
})

test('SQLite is new enough not to corrupt its log on a reset (3.53.2)', () => {
  const database = new BetterSqlite3(':memory:')

  const version = database.prepare('select sqlite_version() as version').get() as { version: string }

  expect(version.version.localeCompare('3.53.2', 'en', { numeric: true })).toBeGreaterThanOrEqual(0)
})

test('the lock names the packages of every platform, so that `npm ci` works on all of them', () => {
  const optional = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  )

  expect(optional.filter((name) => !(`node_modules/${name}` in lock.packages))).toEqual([])
})
