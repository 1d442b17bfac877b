import { statfsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import BetterSqlite3 from 'better-sqlite3'

/**
 * `node vacuum.ts FILE`: frees the disk space of unused pages of a SQLite database while others use it. Prints the number
 * of freed bytes. A process of its own, like `vacuum-into.ts`.
 */

/** 2 MiB: nobody else can write meanwhile, for a few milliseconds. */
const STEP_PAGES = 512
const PAUSE_MS = 10
/** A database of an older version is rewritten once, which holds up all writers: for about a second at this size. */
const MAX_REWRITTEN_BYTES = 128 * 1024 * 1024
/** Rewriting takes the content twice more: a temporary file and the log. */
const NEEDED_COPIES = 3

const INCREMENTAL = 2

const [file = ''] = process.argv.slice(2)
const sqlite = new BetterSqlite3(file, { fileMustExist: true, timeout: 10_000 })
const read = (pragma: string): number => Number(sqlite.pragma(pragma, { simple: true }))
const pageBytes = read('page_size')
const before = read('page_count')
if (read('auto_vacuum') === INCREMENTAL) await giveBack()
else if (isRewritable()) rewrite()
process.stdout.write(`${Math.max(0, before - read('page_count')) * pageBytes}\n`)
sqlite.close()

async function giveBack(): Promise<void> {
  for (let left = read('freelist_count'); left > 0; ) {
    sqlite.exec(`pragma incremental_vacuum(${STEP_PAGES})`)
    const rest = read('freelist_count')
    if (rest >= left) return // others delete faster
    left = rest
    await setTimeout(PAUSE_MS)
  }
}

function isRewritable(): boolean {
  const bytes = (before - read('freelist_count')) * pageBytes
  const { bavail, bsize } = statfsSync(file)
  return bytes <= MAX_REWRITTEN_BYTES && bavail * bsize >= bytes * NEEDED_COPIES
}

/** From then on it can give back pages in small steps. */
function rewrite(): void {
  sqlite.pragma('auto_vacuum = INCREMENTAL')
  sqlite.exec('vacuum')
}
