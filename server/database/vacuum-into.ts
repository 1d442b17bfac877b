import BetterSqlite3 from 'better-sqlite3'

/**
 * `node vacuum-into.ts FROM TO`: a consistent copy of a SQLite database while others write to it. A process of its own,
 * since SQLite copies in place: it would hold up the event loop, and could not be ended.
 */
const [from = '', to = ''] = process.argv.slice(2)
const sqlite = new BetterSqlite3(from, { readonly: true, fileMustExist: true, timeout: 10_000 })
// Of the copy: a large database that gives back no space does so once it is restored.
if (sqlite.pragma('auto_vacuum', { simple: true }) === 0) sqlite.pragma('auto_vacuum = INCREMENTAL')
sqlite.prepare('vacuum into ?').run(to)
sqlite.close()
