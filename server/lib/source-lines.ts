import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rootFile } from './program-files.ts'

/** They are some megabytes, which one error after the other should not read anew. */
const KEPT_MS = 10_000
const maps = new Map<string, SourceMap | undefined>()

const BUNDLED = /(?:file:\/\/)?(\/[^():\s]*\/server\/dist\/[^():\s]+\.js):(\d+):(\d+)/g

/**
 * A stack trace of the bundle with the files and lines of the sources. Maps are read when an error is logged: node's own
 * `--enable-source-maps` reads them at the start, which then takes half as long again and 60 MiB more.
 */
export function withSourceLines(stack: string): string {
  return stack.replaceAll(BUNDLED, (place, file: string, line: string, column: string) => {
    const origin = mapOf(file)?.findOrigin(Number(line), Number(column))
    if (!origin || !('fileName' in origin)) return place
    const source = fileURLToPath(new URL(origin.fileName, pathToFileURL(file)))
    return `${relative(fileURLToPath(rootFile('.')), source)}:${origin.lineNumber}:${origin.columnNumber}`
  })
}

function mapOf(file: string): SourceMap | undefined {
  if (maps.size === 0) setTimeout(() => maps.clear(), KEPT_MS).unref()
  if (!maps.has(file)) maps.set(file, readMap(file))
  return maps.get(file)
}

/** Undefined: there is none. Whatever goes wrong here must not hide the error itself. */
function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
  } catch {
    return undefined
  }
}
