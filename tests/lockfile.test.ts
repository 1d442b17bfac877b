import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'

type Names = Record<string, string>

interface Lock {
  packages: Record<string, { version?: string; optionalDependencies?: Names }>
}

interface Manifest {
  engines: { node: string }
  dependencies: Names
  devDependencies: Names
}

const contentOf = (file: string): string => readFileSync(join(import.meta.dirname, '..', file), 'utf8')
const lock: Lock = JSON.parse(contentOf('package-lock.json'))
const manifest: Manifest = JSON.parse(contentOf('package.json'))

const isAtLeast = (version: string, floor: string): boolean =>
  version.localeCompare(floor, 'en', { numeric: true }) >= 0

/** Versions below have known holes: content-type and proxy bypasses, hangs, crashes by one request, code execution by an image. */
const FLOORS = {
  fastify: '5.12.1',
  '@fastify/busboy': '3.2.6',
  '@fastify/static': '10.1.4',
  '@fastify/proxy-addr': '5.1.1',
  sharp: '0.35.4',
}

test.for(Object.entries(FLOORS))('%s is at least %s, wherever it is installed', ([name, floor]) => {
  const copies = Object.entries(lock.packages).filter(([path]) => `/${path}`.endsWith(`/node_modules/${name}`))

  expect(copies.length).toBeGreaterThan(0)
  expect(copies.filter(([, { version = '' }]) => !isAtLeast(version, floor))).toEqual([])
})

test('@fastify/multipart, which is not used, does not come back with its old holes', () => {
  expect(isAtLeast(lock.packages['node_modules/@fastify/multipart']?.version ?? '10.1.5', '10.1.5')).toBe(true)
})

test('what is installed is what was tested: every version is exact, and Node is at least the tested one', () => {
  const versions = { ...manifest.dependencies, ...manifest.devDependencies }
  const node = versions.node ?? ''

  expect(Object.entries(versions).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  expect(manifest.engines.node).toBe(`>=${node}`)
  expect(isAtLeast(node, '26.10.0')).toBe(true)
  expect(new Set(contentOf('Dockerfile').match(/(?<=^FROM node:)\d+/gm))).toEqual(new Set([node.split('.')[0]]))
})

test('SQLite is new enough not to corrupt its log on a reset (3.53.2)', () => {
  const database = new BetterSqlite3(':memory:')

  const version = database.prepare('select sqlite_version() as version').get() as { version: string }

  expect(isAtLeast(version.version, '3.53.2')).toBe(true)
})

test('the lock names the packages of every platform, so that `npm ci` works on all of them', () => {
  const optional = Object.values(lock.packages).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies),
  )

  expect(optional.filter((name) => !(`node_modules/${name}` in lock.packages))).toEqual([])
})
