import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** Which way imports point; ARCHITECTURE.md draws it. */

const ROOT = resolve(import.meta.dirname, '..')
const FOLDERS = ['server', 'storage', 'migrations', 'seeds', 'web/src', 'client/src']

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

interface Import {
  from: string
  /** A path from the root, or a package. */
  to: string
  isTypeOnly: boolean
}

const imports: Import[] = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
)
  .filter((file) => /\.tsx?$/.test(file))
  .flatMap(importsOf)

function importsOf(from: string): Import[] {
  const source = textOf(from)
  const statements = source.matchAll(
    /(?:^|\n)(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/g,
  )
  return [...statements].map(([, type, stated, dynamic]) => {
    const target = stated ?? dynamic ?? ''
    const to = target.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(from), target)) : target
    return { from, to, isTypeOnly: type !== undefined }
  })
}

/** `from → to` of imports that `isForbidden` says must not be. */
const violations = (isForbidden: (edge: Import) => boolean): string[] =>
  imports.filter(isForbidden).map(({ from, to }) => `${from} → ${to}`)

const filesIn = (folder: string): string[] => readdirSync(join(ROOT, folder)).map((file) => join(folder, file))

const isOnServer = (file: string): boolean => !/^(web|client)\//.test(file)
const isRoutes = (file: string): boolean => /-routes\.ts$|^server\/cli\//.test(file)
const isRepo = (file: string): boolean => /-repo\.ts$/.test(file)
const featureOf = (file: string): string => file.split('/').slice(0, 2).join('/')
const isComposition = (file: string): boolean =>
  ['server/app.ts', 'server/main.ts', 'server/serve.ts', 'server/jobs/job-engine.ts'].includes(file)

test('the scan sees the imports that everybody knows', () => {
  expect(imports).toContainEqual({ from: 'server/serve.ts', to: 'server/app.ts', isTypeOnly: false })
  expect(imports).toContainEqual({ from: 'storage/local-store.ts', to: 'storage/storage-error.ts', isTypeOnly: false })
  expect(imports).toContainEqual({ from: 'server/app.ts', to: 'fastify', isTypeOnly: true })
})

test('nothing imports the application but what starts it', () => {
  expect(
    violations(
      ({ from, to }) =>
        to === 'server/app.ts' && !['server/serve.ts', 'server/cli/main.ts', 'seeds/demo.ts'].includes(from),
    ),
  ).toEqual([])
  expect(violations(({ to }) => to === 'server/main.ts' || to === 'server/cli/main.ts')).toEqual([])
})

test('routes are imported by the application only', () => {
  expect(
    violations(
      ({ from, to, isTypeOnly }) =>
        isRoutes(to) && !isTypeOnly && from !== 'server/app.ts' && featureOf(from) !== featureOf(to),
    ),
  ).toEqual([])
})

test('a repository is used by its own feature only', () => {
  expect(violations(({ from, to }) => isRepo(to) && !isComposition(from) && featureOf(from) !== featureOf(to))).toEqual(
    [],
  )
})

test('repositories write in transactions only, since the log of SQLite is synced after those', () => {
  const outside = filesIn('server')
    .flatMap((folder) => (/\.ts$/.test(folder) ? [] : filesIn(folder)))
    .filter(isRepo)
    .filter((file) => /\bdb\s*\.(insertInto|updateTable|deleteFrom|replaceInto)\b/.test(textOf(file)))

  expect(outside).toEqual([])
})

test('services know nothing of HTTP', () => {
  const isHttp = (to: string) => to.startsWith('server/http/') || to.startsWith('@fastify/') || to === 'fastify'
  const isService = (from: string) =>
    /^server\/(uploads|downloads|resumable|images|accounts|activity|plik|jobs|notifications|database|streams|file-requests)\//.test(
      from,
    ) && !isRoutes(from)
  expect(violations(({ from, to, isTypeOnly }) => isService(from) && isHttp(to) && !isTypeOnly)).toEqual([])
})

test('pure modules import nothing that does I/O', () => {
  const pure = [
    'server/lib/paging.ts',
    'server/lib/shapes.ts',
    'server/uploads/listing.ts',
    'server/accounts/user.ts',
    'server/accounts/api-token.ts',
    'server/accounts/account-rules.ts',
    'server/accounts/account-shapes.ts',
    'server/activity/usage.ts',
    'server/uploads/upload-rules.ts',
    'server/uploads/upload-shapes.ts',
    'server/uploads/quick-options.ts',
    'server/uploads/intake/announcement.ts',
    'server/uploads/file-name.ts',
    'server/uploads/intake/content-type.ts',
    'server/file-requests/file-request.ts',
    'server/file-requests/file-request-rules.ts',
    'server/file-requests/file-request-shapes.ts',
    'server/images/derivation.ts',
    'server/uploads/intake/digests.ts',
    'server/resumable/resumable-upload.ts',
    'server/resumable/tus-protocol.ts',
    'server/resumable/draft-protocol.ts',
    'server/downloads/byte-range.ts',
    'server/downloads/received-ranges.ts',
    'server/downloads/archive.ts',
    'server/downloads/archive-names.ts',
    'server/jobs/cron-moments.ts',
    'server/jobs/job-shapes.ts',
    'server/config/units.ts',
    'server/lib/format-size.ts',
    'server/languages/languages.ts',
    'server/languages/page-words.ts',
    'server/languages/history.ts',
    'server/languages/translator.ts',
    ...filesIn('server/languages/zh'),
    ...filesIn('server/errors'),
  ]
  const allowed = [
    ...pure,
    'server/lib/errors.ts',
    'storage/storage-error.ts',
    'server/config/config.ts',
    'server/config/settings.ts',
    'server/uploads/upload.ts',
    'server/downloads/archive-names.ts',
    'zod',
    'node:crypto',
    'node:path/posix',
    'node-cron', // of which they take what reads expressions
  ]
  expect(violations(({ from, to, isTypeOnly }) => pure.includes(from) && !allowed.includes(to) && !isTypeOnly)).toEqual(
    [],
  )
})

test('only the database knows Kysely and its drivers, only storage knows S3, and sharp is loaded when it is needed', () => {
  const isDatabase = (from: string) =>
    from.startsWith('server/database/') || from.startsWith('migrations/') || isRepo(from)
  expect(violations(({ from, to }) => /^(kysely|pg|better-sqlite3)(\/|$)/.test(to) && !isDatabase(from))).toEqual([])
  expect(violations(({ from, to }) => to.startsWith('@aws-sdk/') && !from.startsWith('storage/'))).toEqual([])
  const isImaging = (from: string) => /^server\/images\/|^server\/http\/qr-code\.ts$|^seeds\//.test(from)
  expect(violations(({ from, to }) => to === 'sharp' && !isImaging(from))).toEqual([])
})

test('storage imports nothing of the server, and migrations nothing of ours', () => {
  expect(violations(({ from, to }) => from.startsWith('storage/') && to.startsWith('server/'))).toEqual([])
  expect(violations(({ from, to }) => from.startsWith('migrations/') && /^(server|storage|seeds)\//.test(to))).toEqual(
    [],
  )
})

test('on the page, features use the components, components the library, and none of them the frame around the pages', () => {
  const layers = ['web/src/lib/', 'web/src/ui/', 'web/src/']
  const layerOf = (file: string) => layers.findIndex((layer) => file.startsWith(layer))
  const isFrame = (file: string) => /^web\/src\/[^/]+$/.test(file)
  expect(
    violations(
      ({ from, to, isTypeOnly }) =>
        !isTypeOnly &&
        from.startsWith('web/') &&
        to.startsWith('web/') &&
        (layerOf(to) > layerOf(from) || (isFrame(to) && !isFrame(from))),
    ),
  ).toEqual([])
})

test('the page imports nothing that needs Node', () => {
  const values = imports.filter(({ isTypeOnly }) => !isTypeOnly)
  const reached = new Set(values.map(({ from }) => from).filter((from) => from.startsWith('web/src/')))
  for (const file of reached) for (const { from, to } of values) if (from === file) reached.add(to)

  expect(reached).toContain('server/images/boxes/find-edits.ts')
  expect([...reached].filter((file) => file.startsWith('node:'))).toEqual([])
})

test('ARCHITECTURE.md names files that exist', () => {
  const text = textOf('ARCHITECTURE.md')
  const named = [...text.matchAll(/`((?:server|web|storage|seeds|tests|scripts)\/[\w./-]+)`/g)].map(
    ([, path = '']) => path,
  )
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  expect(named.length).toBeGreaterThan(10)
})

test('files do not import each other in circles', () => {
  const edges = new Map<string, string[]>()
  for (const { from, to, isTypeOnly } of imports) if (!isTypeOnly) edges.set(from, [...(edges.get(from) ?? []), to])
  const circles: string[] = []
  const visit = (file: string, path: string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
    else for (const next of edges.get(file) ?? []) visit(next, [...path, file])
  }
  for (const file of edges.keys()) visit(file, [])
  expect(circles).toEqual([])
})

test('the environment is read by the processes only', () => {
  const readers = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  ).filter((file) => file.endsWith('.ts') && /process\.env\b/.test(textOf(file)))
  expect(readers.sort()).toEqual(['seeds/demo.ts', 'server/cli/main.ts', 'server/main.ts', 'server/thread-pool.ts'])
})

const SECRET_COMPARED =
  /\b\w*(?:[Hh]ash|[Ss]ecret|[Tt]oken)\b (?:===|!==) (?!null|undefined|')|(?:===|!==) (?:\w+\.)*\w*(?:[Hh]ash|[Ss]ecret|Token)\b/

test('random numbers come from the operating system, and secrets are compared in constant time', () => {
  const sources = [...new Set(imports.map(({ from }) => from))]
    .filter(isOnServer)
    .map((file) => [file, textOf(file)] as const)
  const linesWith = (pattern: RegExp): string[] =>
    sources.flatMap(([file, text]) =>
      text
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    )

  expect(linesWith(/Math\.random/)).toEqual([])
  expect(linesWith(SECRET_COMPARED)).toEqual([])
})
