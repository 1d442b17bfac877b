import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'vite'

const WEB = resolve(import.meta.dirname, '../../web')
/** Where the page shares modules with the server and the client. */
const SHARED = ['server/languages', 'server/downloads', 'server/uploads/file-name.ts', 'client/src'].map((folder) =>
  resolve(WEB, '..', folder),
)

/** The page as it is now, for all tests of a run; built only when something in it has changed. */
export async function setup(): Promise<void> {
  if (builtAt() < changedAt()) await build({ configFile: join(WEB, 'vite.config.ts'), logLevel: 'warn' })
}

function builtAt(): number {
  return statSync(join(WEB, 'dist/index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function changedAt(): number {
  const sources = ['src', 'worker', 'index.html', 'first-chunks.ts', 'vite.config.ts'].map((name) => join(WEB, name))
  return Math.max(...[...sources, ...SHARED].flatMap(filesIn).map((path) => statSync(path).mtimeMs))
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
}
