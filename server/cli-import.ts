import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatSize } from './format-size.ts'
import type { ImportReport, PlikImport } from './plik/plik-import.ts'
import { isPostgresUrl, type PlikdSettings, readPlikdSettings } from './plik/plikd-settings.ts'

export const IMPORT_USAGE = `  import-plik                       bring over users, tokens, uploads and files of Plik 1.3 or 1.4
    --database FILE|URL             its SQLite database, plik.db, or its postgres://user@host/name
    --files DIR                     its folder of files
    --config FILE                   or its plikd.cfg, which says where they are, also in PostgreSQL and S3
    --allow-missing                 even if most of its files are not there`

interface Context {
  plikImport: PlikImport
  asJson: boolean
  print: (text: string) => number
}

/** `mayfly import-plik`. Undefined: not understood. */
export async function importCommand(
  args: string[],
  { plikImport, asJson, print }: Context,
): Promise<number | undefined> {
  const { values } = parseArgs({
    args,
    options: {
      database: { type: 'string' },
      files: { type: 'string' },
      config: { type: 'string' },
      'allow-missing': { type: 'boolean' },
    },
  })
  const configured = values.config === undefined ? undefined : sourceOf(values.config)
  const database = values.database ?? configured?.database
  const files = values.files ?? configured?.files
  if (database === undefined || files === undefined) return undefined
  let done = 0
  const onUpload = (): void => {
    done += 1
    if (done % 1000 === 0) process.stderr.write(`${done} uploads\n`)
  }
  const report = await plikImport.run(database, files, { allowMissing: values['allow-missing'] ?? false, onUpload })
  print(asJson ? `${JSON.stringify(report)}\n` : reportText(report))
  return report.missing > 0 ? 1 : 0
}

/** Plik starts relative paths from where it was started, which is most likely where its settings are. */
function sourceOf(file: string): PlikdSettings['source'] {
  const { source } = readPlikdSettings(readFileSync(file, 'utf8'))
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
