import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { FIRST_PAGES } from '../web/first-chunks.ts'

/** Prints the bundle sizes of the page, and fails if a first load is too large. Run after `npm run build`. */

const LIMIT = 40_960
const DIST = join(import.meta.dirname, '../web/dist')

interface Chunk {
  file: string
  name?: string
  css?: string[]
  imports?: string[]
}

const chunks: Record<string, Chunk> = JSON.parse(readFileSync(join(DIST, '.vite/manifest.json'), 'utf8'))

const keyOf = (wanted: string): string => Object.keys(chunks).find((key) => chunks[key]?.name === wanted) ?? wanted

/** A chunk's files, with those of all that it needs at once. */
function filesOf(name: string): string[] {
  const { file, css = [], imports = [] } = chunks[name] as Chunk
  return [file, ...css, ...imports.flatMap(filesOf)]
}

const weigh = (file: string): number => gzipSync(readFileSync(join(DIST, file))).length
const print = (file: string): void => console.log(`${String(weigh(file)).padStart(8)}  ${file}`)

const seen = new Set<string>()
for (const [name, page] of Object.entries(FIRST_PAGES)) {
  const files = [...new Set([...filesOf('index.html'), ...filesOf(keyOf(name))])]
  const total = files.reduce((sum, file) => sum + weigh(file), 0)
  console.log(`First load of ${page}, bytes of gzip: ${total} of ${LIMIT}`)
  for (const file of files) print(file)
  for (const file of files) seen.add(file)
  if (total > LIMIT) {
    console.error(`${total - LIMIT} bytes too heavy: import what few people need by import()`)
    process.exitCode = 1
  }
}

const later = Object.values(chunks).flatMap(({ file, css = [] }) => [file, ...css])
console.log('Loaded when needed:')
for (const file of new Set(later)) if (!seen.has(file) && /\.(?:js|css)$/.test(file)) print(file)
