import { chmodSync, readdirSync } from 'node:fs'
import { join, parse, resolve } from 'node:path'
import { rolldown } from 'rolldown'

/**
 * The server and its commands as few JavaScript files in `server/dist/`, with the packages that each start needs: reading hundreds of
 * modules and taking their types away costs a start a third of its time, a command more than half. Packages that are loaded on
 * demand, or are no JavaScript, stay packages.
 */

const ROOT = resolve(import.meta.dirname, '..')
const EXTERNAL = [
  '@aws-sdk/client-s3',
  '@prometheus-io/client',
  '@scalar/fastify-api-reference',
  'better-sqlite3',
  'nodemailer',
  'openid-client',
  'pg',
  'pino-pretty',
  'sharp',
]

/** What `server/lib/program-files.ts` finds by its name. */
const modules = [
  'server/database/vacuum',
  'server/database/vacuum-into',
  'server/uploads/intake/md5-worker',
  ...readdirSync(join(ROOT, 'migrations')).map((file) => `migrations/${parse(file).name}`),
]

const bundle = await rolldown({
  cwd: ROOT,
  input: {
    main: 'server/main.ts',
    mayfly: 'server/cli/main.ts',
    ...Object.fromEntries(modules.map((path) => [path, `${path}.ts`])),
  },
  platform: 'node',
  external: (id) => EXTERNAL.some((name) => id === name || id.startsWith(`${name}/`)),
})
await bundle.write({ dir: join(ROOT, 'server/dist'), format: 'esm', sourcemap: true, cleanDir: true })
chmodSync(join(ROOT, 'server/dist/mayfly.js'), 0o755)
