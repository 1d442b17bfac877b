import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'vite'

const ROOT = resolve(import.meta.dirname, '../..')

interface Product {
  /** The last file that a build makes. */
  made: string
  /** Files and folders that it is made of. */
  sources: string[]
  make: () => Promise<unknown>
}

const PRODUCTS: Product[] = [
  {
    made: 'web/dist/index.html',
    sources: [
      ...['src', 'worker', 'index.html', 'first-chunks.ts', 'vite.config.ts'].map((name) => `web/${name}`),
      ...['server/languages', 'server/downloads', 'server/uploads/file-name.ts', 'client/src'], // the page shares modules with them
    ],
    make: () => build({ configFile: join(ROOT, 'web/vite.config.ts'), logLevel: 'warn' }),
  },
  {
    made: 'server/dist/mayfly.js',
    sources: ['server', 'storage', 'migrations', 'scripts/bundle-server.ts', 'package-lock.json'],
    make: () => import('../../scripts/bundle-server.ts'),
  },
]

/** The page and the server's bundle as they are now, for all tests of a run; built only when something in them has changed. */
export async function setup(): Promise<void> {
  for (const { made, sources, make } of PRODUCTS) if (changedAt([made]) < changedAt(sources)) await make()
}

/** When the newest of them was written; 0 when there is none. */
function changedAt(paths: string[]): number {
  return Math.max(0, ...paths.flatMap((path) => filesIn(join(ROOT, path))).map((path) => statSync(path).mtimeMs))
}

function filesIn(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false })
  if (!found?.isDirectory()) return found ? [path] : []
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  return names.filter((name) => !name.startsWith('dist/')).map((name) => join(path, name))
}
