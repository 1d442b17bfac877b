import { randomBytes } from 'node:crypto'
import {
  chownSync,
  constants,
  copyFileSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Command } from 'commander'
import { FILE_MODE, FOLDER_MODE } from '../../storage/file-modes.ts'
import { restoreBackup, serversOn } from '../database/backup.ts'
import { isThere, migrateDatabase } from '../database/migrate.ts'
import type { Maintenance } from '../jobs/maintenance.ts'
import { systemClock } from '../lib/clock.ts'
import { formatSize } from '../lib/format-size.ts'
import { type Answer, databaseText, type Place, type Runner, type Services } from './command.ts'
import type { Identity } from './data-owner.ts'

/** `mayfly clean`, `backup`, `restore` and `migrate`. */
export function addDatabaseCommands(program: Command, { withServices, withPlace }: Runner): void {
  program
    .command('clean')
    .description('delete expired and removed uploads, and data left by crashes')
    .option('--confirm', 'even if most stored files are unknown to the database')
    .action(withServices(clean))
  program
    .command('backup')
    .description('back up the database while it is in use')
    .argument(
      '[file]',
      'the file to write; by default a new file in the folder of backups, where the newest seven are kept',
    )
    .action(withServices(backUp))
  program
    .command('restore')
    .description('replace the database with a backup; servers must be stopped')
    .argument('<file>', 'the backup')
    .option('--force', 'even if a server was seen within the last 30 seconds')
    .action(withPlace(restore))
  program
    .command('migrate')
    .description('create the database or update its tables, as the start of the server does')
    .action(withPlace(migrate))
}

async function clean({ maintenance }: Services, { confirm }: { confirm?: true }): Promise<Answer> {
  const report = await maintenance.clean(confirm ? { maxPercent: 100 } : {})
  return { json: report, text: cleanText(report) }
}

type Report = Awaited<ReturnType<Maintenance['clean']>>

function cleanText(report: Report): string {
  const { expired, deletedFiles, freedBytes, deletedUploads, abandonedFiles, unfinished, orphans } = report
  return `expired uploads   ${expired}
deleted files     ${deletedFiles} (${formatSize(freedBytes)})
deleted uploads   ${deletedUploads}
abandoned files   ${abandonedFiles}
unfinished files  ${unfinished.count} (${formatSize(unfinished.bytes)})
orphaned blobs    ${orphans.blobs} (${formatSize(orphans.bytes)})
in quarantine     ${orphans.quarantined.blobs} more (${formatSize(orphans.quarantined.bytes)}), ${orphans.restored} restored
`
}

/** The same number as in the shipped backup job. */
const KEPT_BACKUPS = 7

async function backUp({ backups, identity }: Services, name: string | undefined): Promise<Answer> {
  if (name === undefined) return backupAnswer((await backups.backUp({ keep: KEPT_BACKUPS })).file)
  const file = resolve(name)
  if (identity.isSwitched) await backups.backUpFor((backup) => identity.asCaller(() => copyWhole(backup, file)))
  else await backups.backUpTo(file)
  return backupAnswer(file)
}

const backupAnswer = (file: string): Answer => ({ json: { file }, text: `${file}\n` })

/** The file appears once it is complete, and belongs to the caller. */
function copyWhole(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: FOLDER_MODE })
  const partial = `${to}.${randomBytes(8).toString('hex')}.partial`
  try {
    copyFileSync(from, partial, constants.COPYFILE_EXCL)
    chownSync(partial, process.geteuid?.() ?? 0, process.getegid?.() ?? 0) // a copy keeps its owner
    renameSync(partial, to)
  } finally {
    rmSync(partial, { force: true })
  }
}

/** A server that was not seen for longer than this has stopped. */
const SEEN_WITHIN_MS = 30_000

async function restore(place: Place, name: string, { force }: { force?: true }): Promise<Answer> {
  const { location, identity, config } = place
  const servers = force ? [] : await serversOn(location, systemClock() - SEEN_WITHIN_MS)
  if (servers.length > 0) throw new Error(`stop ${servers.join(', ')} first, or use --force if it is no longer running`)
  const file = resolve(name)
  const own = resolve(config.dataDir, 'mayfly-given.db')
  if (identity.isSwitched) await copyToOwner(identity, file, own)
  try {
    await restoreBackup(identity.isSwitched ? own : file, location, systemClock)
  } finally {
    if (identity.isSwitched) await rm(own, { force: true })
  }
  const text = 'restored; `mayfly jobs start check-links` finds files whose bytes are missing\n'
  return { json: { restored: file, database: databaseText(location) }, text }
}

/** The owner of the data may not be allowed to read a file named by root. */
const copyToOwner = ({ asCaller }: Identity, from: string, to: string): Promise<void> =>
  pipeline(
    createReadStream('', { fd: asCaller(() => openSync(from, 'r')) }),
    createWriteStream(to, { mode: FILE_MODE }),
  )

async function migrate({ location }: Place): Promise<Answer> {
  const isNew = !(await isThere(location))
  await migrateDatabase(location)
  const database = databaseText(location)
  return { json: { database, isNew }, text: `${database} is ${isNew ? 'new' : 'up to date'}\n` }
}
