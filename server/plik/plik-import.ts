import type { BlobStore } from '../../storage/blob-store.ts'
import type { ApiToken } from '../accounts/api-token.ts'
import { hashToken } from '../accounts/secrets.ts'
import { tokenIdOf } from '../accounts/tokens.ts'
import type { Account } from '../accounts/user.ts'
import type { ActivityTable } from '../database/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError, kindOf } from '../lib/errors.ts'
import { newBlobKey } from '../lib/ids.ts'
import { receiveBlob } from '../uploads/intake/file-intake.ts'
import type { StoreOwnership } from '../uploads/store-ownership.ts'
import { measureBlob } from '../uploads/stored-bytes.ts'
import type { Measured, StoredFile, Upload } from '../uploads/upload.ts'
import { type FoundFile, openPlikFiles, type PlikBucket, type PlikFiles } from './plik-files.ts'
import { epochMs, isoTime, toAccount, toFile, toUpload } from './plik-rows.ts'
import { openPlikSource, type PlikFile, type PlikSource, type PlikUpload } from './plik-source-repo.ts'

interface Dependencies {
  accounts: {
    insertUsers(accounts: readonly Account[]): Promise<number>
    insertTokens(tokens: readonly ApiToken[]): Promise<number>
  }
  uploads: {
    wasImported(uploadId: string): Promise<boolean>
    insertUpload(
      upload: Upload,
      files: readonly StoredFile[],
      activity: readonly ActivityTable[],
      now: number,
    ): Promise<boolean>
    /** Files that were imported without their bytes. */
    listWithoutBytes(uploadId: string): Promise<{ id: string; position: number }[]>
    /** Adds the bytes of such a file. Returns false if it was removed meanwhile. */
    addBytes(file: StoredFile): Promise<boolean>
  }
  assertOwned: StoreOwnership['assertOwned']
  blobs: BlobStore
  clock: Clock
}

export interface ImportReport {
  users: number
  tokens: number
  uploads: number
  files: number
  bytes: number
  /** Files that are hard links to Plik's files; the others were copied. */
  linked: number
  /** Uploads that an earlier import added. */
  alreadyThere: number
  expired: number
  /** Files whose bytes were not found. */
  missing: number
  /** Files whose bytes were missing in an earlier import and were found now. */
  repaired: number
  /** Rows that could not be imported unchanged, one line each. */
  warnings: string[]
}

export interface ImportOptions {
  /** Import even if most files are missing. */
  allowMissing?: boolean
  onUpload?: () => void
}

const PAGE = 100
/** How many files are looked up before the import begins. */
const SAMPLE = 1_000
const PLIK_ID = /^[A-Za-z0-9]{16}$/

export type PlikImport = ReturnType<typeof createPlikImport>

/** Imports users, tokens, uploads and files of Plik with their ids, so that old links and tokens keep working. */
export function createPlikImport({ accounts, uploads, assertOwned, blobs, clock }: Dependencies) {
  /**
   * Each upload is imported completely or not at all, and once: the import may be interrupted and repeated. Plik may run
   * meanwhile; files that it receives after their upload was read are not imported. Files that an earlier import did not
   * find get their bytes. `database`: an SQLite file, or a `postgres://` address; `location` of the files: a folder, or a
   * bucket. Throws `bad_request`: not a database of Plik, or most of its files are missing; `conflict`: this server's
   * database and store do not belong together.
   */
  async function run(
    database: string,
    location: string | PlikBucket,
    { allowMissing = false, onUpload = () => {} }: ImportOptions = {},
  ): Promise<ImportReport> {
    await assertOwned()
    const source = await openPlikSource(database)
    const files = await openPlikFiles(location)
    try {
      if (!allowMissing) await assertMostAreThere(source, files)
      const report = await importAccounts(source)
      for await (const upload of uploadsOf(source)) {
        await importUpload(source, upload, files, report)
        onUpload()
      }
      return report
    } finally {
      files.close()
      await source.close()
    }
  }

  /** With a wrong folder every file would be imported as missing. */
  async function assertMostAreThere(source: PlikSource, files: PlikFiles): Promise<void> {
    let looked = 0
    const missing: string[] = []
    for await (const upload of uploadsOf(source)) {
      if (isOver(upload) || (await uploads.wasImported(upload.id))) continue
      for (const file of (await source.files(upload.id)).filter(({ status }) => status === 'uploaded')) {
        looked += 1
        if (!(await files.find(file))) missing.push(file.id)
      }
      if (looked >= SAMPLE) break
    }
    if (missing.length * 2 <= looked) return
    const examples = missing.slice(0, 3).join(', ')
    throw new AppError('plik_files_missing', { missing: missing.length, looked, place: files.place, examples })
  }

  async function importAccounts(source: PlikSource): Promise<ImportReport> {
    const users = await source.users()
    const known = new Set(users.map(({ id }) => id))
    const tokens = (await source.tokens()).filter(({ user_id }) => known.has(user_id))
    const none = { uploads: 0, files: 0, bytes: 0, linked: 0, alreadyThere: 0, expired: 0, missing: 0, repaired: 0 }
    return {
      users: await accounts.insertUsers(users.map(toAccount)),
      tokens: await accounts.insertTokens(
        tokens.map(({ token, comment, user_id, created_at }) => {
          const hash = hashToken(token)
          return {
            id: tokenIdOf(hash),
            hash,
            userId: user_id,
            comment: comment ?? '',
            createdAt: epochMs(created_at),
          }
        }),
      ),
      ...none,
      warnings: [],
    }
  }

  async function importUpload(
    source: PlikSource,
    row: PlikUpload,
    plikFiles: PlikFiles,
    report: ImportReport,
  ): Promise<void> {
    if (!PLIK_ID.test(row.id)) report.warnings.push(`upload ${row.id}: not an id that a link can have`)
    else if (isOver(row)) report.expired += 1
    else
      await bringOver(source, row, plikFiles, report).catch((error: unknown) => {
        if (kindOf(error)) throw error // an error of the database or the store; an unreadable row only adds a warning
        report.warnings.push(`upload ${row.id}: ${error instanceof Error ? error.message : error}`)
      })
  }

  async function bringOver(source: PlikSource, row: PlikUpload, files: PlikFiles, report: ImportReport): Promise<void> {
    if (!(await uploads.wasImported(row.id))) return importWhole(source, row, files, report)
    report.alreadyThere += 1
    await repair(source, row, files, report)
  }

  /** Adds bytes that an earlier import did not find. Files that were removed here since then stay removed. */
  async function repair(source: PlikSource, row: PlikUpload, files: PlikFiles, report: ImportReport): Promise<void> {
    const positions = new Map((await uploads.listWithoutBytes(row.id)).map(({ id, position }) => [id, position]))
    if (positions.size === 0) return
    for (const file of await source.files(row.id)) {
      const position = positions.get(file.id)
      if (position === undefined || file.status !== 'uploaded') continue
      const { file: found } = await importFile(file, position, files, report)
      if (found.blobKey === null) continue
      if (await uploads.addBytes(found)) report.repaired += 1
      else await blobs.delete(found.blobKey)
    }
  }

  /** An upload with an invalid expiry date is not skipped, so that `importWhole` warns about it. */
  const isOver = ({ expire_at }: PlikUpload): boolean => expire_at !== null && endOf(expire_at) <= clock()

  async function importWhole(
    source: PlikSource,
    row: PlikUpload,
    plikFiles: PlikFiles,
    report: ImportReport,
  ): Promise<void> {
    const rows = (await source.files(row.id)).filter(({ id }) => PLIK_ID.test(id))
    const taken: { file: StoredFile; isLinked: boolean }[] = []
    try {
      for (const [index, file] of rows.entries()) taken.push(await importFile(file, index + 1, plikFiles, report))
      const owner = { userId: row.user || null, tokenId: row.token ? tokenIdOf(hashToken(row.token)) : null }
      const activity = activityOf('upload', row).concat(rows.flatMap((file) => activityOf('file', file)))
      const files = taken.map(({ file }) => file)
      await assertThere(files)
      if (!(await uploads.insertUpload(await toUpload(row, owner), files, activity, clock())))
        throw new Error('imported twice at once')
    } catch (error) {
      for (const { file } of taken) if (file.blobKey !== null) await blobs.delete(file.blobKey)
      throw error
    }
    const stored = taken.filter(({ file }) => file.blobKey !== null)
    report.uploads += 1
    report.files += stored.length
    report.linked += stored.filter(({ isLinked }) => isLinked).length
    report.bytes += stored.reduce((sum, { file }) => sum + file.size, 0)
  }

  /** A blob that waited very long for its row may have been swept as an orphan; a row must never refer to a missing blob. */
  async function assertThere(files: readonly StoredFile[]): Promise<void> {
    for (const { id, blobKey } of files) {
      if (blobKey !== null && (await blobs.size(blobKey)) === undefined)
        throw new Error(`file ${id} took too long; repeat the import`)
    }
  }

  async function importFile(row: PlikFile, position: number, files: PlikFiles, report: ImportReport) {
    const slot = { file: toFile(row, position, undefined), isLinked: false }
    if (row.status !== 'uploaded') return slot
    const found = await files.find(row)
    if (!found) {
      report.missing += 1
      report.warnings.push(`file ${row.id}: its bytes are not in ${files.place}`)
      return slot
    }
    const { measured, isLinked } = await takeBytes(found)
    if (row.md5 && row.md5 !== measured.md5)
      report.warnings.push(`file ${row.id}: its bytes are not those that were uploaded (MD5)`)
    return { file: toFile(row, position, measured), isLinked }
  }

  /** The file is always read completely, to compute digests that Plik does not store. */
  async function takeBytes({ path, open }: FoundFile): Promise<{ measured: Measured; isLinked: boolean }> {
    const key = newBlobKey()
    if (path === undefined || !(await blobs.adopt(key, path)))
      return {
        measured: await receiveBlob({ blobs, withMd5: true }, await open(), Number.POSITIVE_INFINITY),
        isLinked: false,
      }
    try {
      return { measured: await measureBlob(blobs, key, true), isLinked: true }
    } catch (error) {
      await blobs.delete(key)
      throw error
    }
  }

  return { run }
}

const endOf = (time: string): number => Date.parse(isoTime(time))

/** All uploads that were not removed. */
async function* uploadsOf(source: PlikSource): AsyncGenerator<PlikUpload> {
  for (let page = await source.uploads('', PAGE); page.length > 0; ) {
    yield* page
    page = page.length < PAGE ? [] : await source.uploads(page.at(-1)?.id ?? '', PAGE)
  }
}

type Counted = Pick<PlikUpload, 'id' | 'download_count' | 'downloaded_bytes' | 'last_downloaded_at'>

/** The download counts of Plik 1.4. */
function activityOf(scope: 'upload' | 'file', row: Counted): ActivityTable[] {
  if (!row.download_count && !row.downloaded_bytes) return []
  return [
    {
      scope,
      id: row.id,
      day: 0,
      downloads: row.download_count ?? 0,
      downloadedBytes: row.downloaded_bytes ?? 0,
      uploads: 0,
      uploadedBytes: 0,
      lastDownloadAt: row.last_downloaded_at ? epochMs(row.last_downloaded_at) : 0,
      lastUploadAt: 0,
    },
  ]
}
