import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

/** Prints what the page weighs, and fails when its first load is too heavy. Run after `npm run build`. */

const LIMIT = 40_960
const DIST = join(import.meta.dirname, 'dist')

const html = readFileSync(join(DIST, 'index.html'), 'utf8')
const first = [...html.matchAll(/(?:src|href)="\.\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, path = '']) => path)
const all = readdirSync(join(DIST, 'assets')).filter((name) => /\.(?:js|css)$/.test(name))
const lazy = all.map((name) => `assets/${name}`).filter((path) => !first.includes(path))

const weigh = (path: string): number => gzipSync(readFileSync(join(DIST, path))).length
const print = (path: string): void => console.log(`${String(weigh(path)).padStart(8)}  ${path}`)

const total = first.reduce((sum, path) => sum + weigh(path), 0)
console.log(`First load, bytes of gzip: ${total} of ${LIMIT}`)
first.forEach(print)
console.log('Loaded when needed:')
lazy.sort((a, b) => weigh(b) - weigh(a)).forEach(print)
if (total > LIMIT) {
  console.error(`The first load is ${total - LIMIT} bytes too heavy: import what few people need by import()`)
  process.exitCode = 1
}
