import { closeSync, opendirSync, openSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { formatSize } from '../lib/format-size.ts'
import type { ImportReport } from '../plik/plik-import.ts'
import { isPostgresUrl, type PlikdSettings, readPlikdSettings } from '../plik/plikd-settings.ts'
import type { Answer, Runner, Services } from './command.ts'

/** `mayfly import-plik`. */
export function addImportCommands(program: Command, { withServices }: Runner): void {
  program
    .command('import-plik')
    .description('import users, tokens, uploads and files of Plik 1.3 or 1.4; exit code 1 if files are missing')
    .option(
      '--config <file>',
      'its plikd.cfg, which contains the location of its database and files, also in PostgreSQL and S3',
    )
    .option('--database <file|url>', 'its SQLite database, plik.db, or its postgres://user@host/name')
    .option('--files <folder>', 'its folder of files')
    .option('--allow-missing', 'even if most of its files are missing')
    .action(withServices(importPlik))
}

interface Options {
  config?: string
  database?: string
  files?: string
  allowMissing?: true
}

async function importPlik({ plikImport, identity }: Services, options: Options, command: Command): Promise<Answer> {
  const { config, allowMissing = false } = options
  const configured =
    config &&
    sourceOf(
      config,
      identity.asCaller(() => readFileSync(config, 'utf8')),
    )
  const { database, files } = { ...configured, ...options }
  if (database === undefined || files === undefined) command.error('--config, or --database and --files, must be given')
  if (!isPostgresUrl(database)) assertReadable(database, (path) => closeSync(openSync(path, 'r')))
  if (typeof files === 'string') assertReadable(files, (path) => opendirSync(path).closeSync())
  let done = 0
  const onUpload = (): void => {
    done += 1
    if (done % 1000 === 0) process.stderr.write(`${done} uploads\n`)
  }
  const report = await plikImport.run(database, files, { allowMissing, onUpload })
  return { json: report, text: reportText(report), exitCode: report.missing > 0 ? 1 : 0 }
}

/** Possibly only Plik's own user may read them. */
function assertReadable(path: string, open: (path: string) => void): void {
  try {
    open(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return // the import reports other errors
    const uid = process.geteuid?.()
    throw new Error(
      `uid ${uid}, who owns the data folder, may not read ${path}: \`setfacl -R -m u:${uid}:rX FOLDER\` lets it, or copy it`,
      { cause: error },
    )
  }
}

/** Plik resolves relative paths from its working directory, which is most likely the folder of its settings. */
function sourceOf(file: string, text: string): PlikdSettings['source'] {
  const { source } = readPlikdSettings(text)
  const absolute = <T>(path: T): T | string =>
    typeof path === 'string' && !isPostgresUrl(path) ? resolve(dirname(file), path) : path
  return { database: absolute(source.database), files: absolute(source.files) }
}

function reportText(report: ImportReport): string {
  const { users, tokens, uploads, files, bytes, linked, alreadyThere, expired, missing, repaired, warnings } = report
  return `users            ${users}
tokens           ${tokens}
uploads          ${uploads} (${alreadyThere} more were here already, ${expired} have expired)
files            ${files} (${formatSize(bytes)}), ${linked} of them without a copy
missing files    ${missing}, ${repaired} that were missing before are here now
${warnings.map((warning) => `! ${warning}\n`).join('')}`
}
