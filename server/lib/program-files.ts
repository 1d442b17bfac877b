import { extname } from 'node:path'

/**
 * Files of this program beside its code. The server runs from its sources, or from the bundle that `npm run build` makes of them in
 * `server/dist/`; this module is two folders below the root in both.
 */
const ROOT = new URL('../../', import.meta.url)

export const rootFile = (path: string): URL => new URL(path, ROOT)

/** A module that is loaded by its name, or runs in a thread or process of its own: `path` from the root, without its ending. */
export const moduleFile = (path: string): URL =>
  extname(import.meta.filename) === '.ts' ? rootFile(`${path}.ts`) : rootFile(`server/dist/${path}.js`)

/** The folder of such modules. */
export const moduleFolder = (path: string): URL => new URL('./', moduleFile(`${path}/any`))
