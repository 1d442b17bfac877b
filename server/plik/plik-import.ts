import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobStore } from '../../storage/blob-store.ts'
import type { ApiToken } from '../accounts/api-token.ts'
import { hashToken } from '../accounts/secrets.ts'
import { tokenIdOf } from '../accounts/tokens.ts'
import type { Account } from '../accounts/user.ts'
import type { Clock } from '../clock.ts'
import type { ActivityTable } from '../database/schema.ts'
import { AppError } from '../errors.ts'
import { newBlobKey } from '../ids.ts'
import { receiveBlob } from '../uploads/file-intake.ts'
import { measureBlob } from '../uploads/stored-bytes.ts'
import type { Measured, StoredFile, Upload } from '../uploads/upload.ts'
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
  }
  blobs: BlobStore
  clock: Clock
}

export interface ImportReport {
  users: number
  tokens: number
  uploads: number
  files: number
  bytes: number
  /** Files that share their bytes with Plik's folder; the others were copied. */
  linked: number
  /** Uploads that an earlier import brought over. */
  alreadyThere: number
  expired: number
  /** What could not be brought over as it was, one line each. */
  warnings: string[]
}

const PAGE = 100
const PLIK_ID = /^[A-Za-z0-9]{16}$/

export type PlikImport = ReturnType<typeof createPlikImport>

/** Moving from Plik: users, tokens, uploads and files come over with their ids, so that old links and tokens go on working. */
export function createPlikImport({ accounts, uploads, blobs, clock }: Dependencies) {
  /**
   * Each upload comes over whole or not at all, and once: the import may be interrupted and repeated. Plik may run
   * meanwhile; what it is given after its upload was read stays behind. Throws `bad_request`: no database of Plik's.
   */
  async function run(
    databaseFile: string,
    filesFolder: string,
    onUpload: () => void = () => {},
  ): Promise<ImportReport> {
    const source = openPlikSource(databaseFile)
    try {
      const report = await importAccounts(source)
      let last = ''
      for (;;) {
        const page = source.uploads(last, PAGE)
        for (const upload of page) {
          await importUpload(source, upload, filesFolder, report)
          onUpload()
        }
        last = page.at(-1)?.id ?? ''
        if (page.length < PAGE) return report
      }
    } finally {
      source.close()
    }
  }

  async function importAccounts(source: PlikSource): Promise<ImportReport> {
    const users = source.users()
    const known = new Set(users.map(({ id }) => id))
    const tokens = source.tokens().filter(({ user_id }) => known.has(user_id))
    const none = { uploads: 0, files: 0, bytes: 0, linked: 0, alreadyThere: 0, expired: 0, warnings: [] }
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
    }
  }

  async function importUpload(
    source: PlikSource,
    row: PlikUpload,
    folder: string,
    report: ImportReport,
  ): Promise<void> {
    if (!PLIK_ID.test(row.id)) report.warnings.push(`upload ${row.id}: not an id that a link can have`)
    else if (isOver(row)) report.expired += 1
    else if (await uploads.wasImported(row.id)) report.alreadyThere += 1
    else
      await importWhole(source, row, folder, report).catch((error: unknown) => {
        if (error instanceof AppError) throw error // the database or the store; a row that can't be read is its own matter
        report.warnings.push(`upload ${row.id}: ${error instanceof Error ? error.message : error}`)
      })
  }

  /** What has no readable end is left to `importWhole` to complain about. */
  const isOver = ({ expire_at }: PlikUpload): boolean => expire_at !== null && endOf(expire_at) <= clock()

  async function importWhole(source: PlikSource, row: PlikUpload, folder: string, report: ImportReport): Promise<void> {
    const rows = source.files(row.id).filter(({ id }) => PLIK_ID.test(id))
    const taken: { file: StoredFile; isLinked: boolean }[] = []
    try {
      for (const [index, file] of rows.entries()) taken.push(await importFile(file, index + 1, folder, report.warnings))
      const owner = { userId: row.user || null, tokenId: row.token ? tokenIdOf(hashToken(row.token)) : null }
      const activity = activityOf('upload', row).concat(rows.flatMap((file) => activityOf('file', file)))
      const files = taken.map(({ file }) => file)
      await assertThere(files)
      if (!(await uploads.insertUpload(toUpload(row, owner), files, activity, clock())))
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

  /** What took very long may have been swept as a leftover meanwhile; a row must never promise bytes that are gone. */
  async function assertThere(files: readonly StoredFile[]): Promise<void> {
    for (const { id, blobKey } of files) {
      if (blobKey !== null && (await blobs.size(blobKey)) === undefined)
        throw new Error(`file ${id} took too long; repeat the import`)
    }
  }

  async function importFile(row: PlikFile, position: number, folder: string, warnings: string[]) {
    const slot = { file: toFile(row, position, undefined), isLinked: false }
    if (row.status !== 'uploaded') return slot
    const path = await pathOf(row, folder)
    if (path === undefined) {
      warnings.push(`file ${row.id}: its bytes are not in ${folder}`)
      return slot
    }
    const { measured, isLinked } = await takeBytes(path)
    if (row.md5 && row.md5 !== measured.md5)
      warnings.push(`file ${row.id}: its bytes are not those that were uploaded (MD5)`)
    return { file: toFile(row, position, measured), isLinked }
  }

  /** All of it is read in any case, for the digests that Plik does not know. */
  async function takeBytes(path: string): Promise<{ measured: Measured; isLinked: boolean }> {
    const key = newBlobKey()
    if (!(await blobs.adopt(key, path)))
      return { measured: await receiveBlob(blobs, createReadStream(path), Number.POSITIVE_INFINITY), isLinked: false }
    try {
      return { measured: await measureBlob(blobs, key), isLinked: true }
    } catch (error) {
      await blobs.delete(key)
      throw error
    }
  }

  return { run }
}

const endOf = (time: string): number => Date.parse(isoTime(time))

/** Where Plik 1.3 keeps a file, or else where Plik before it did. */
async function pathOf({ id, upload_id }: PlikFile, folder: string): Promise<string | undefined> {
  for (const path of [join(folder, id.slice(0, 2), id), join(folder, upload_id.slice(0, 2), upload_id, id)]) {
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile()) return path
  }
  return undefined
}

type Counted = Pick<PlikUpload, 'id' | 'download_count' | 'downloaded_bytes' | 'last_downloaded_at'>

/** What Plik 1.4 counted. */
function activityOf(scope: 'upload' | 'file', row: Counted): ActivityTable[] {
  if (!row.download_count && !row.downloaded_bytes) return []
  return [
    {
      scope,
      id: row.id,
      day: 0,
      downloads: row.download_count ?? 0,
      downloaded_bytes: row.downloaded_bytes ?? 0,
      uploads: 0,
      uploaded_bytes: 0,
      last_download_at: row.last_downloaded_at ? epochMs(row.last_downloaded_at) : 0,
      last_upload_at: 0,
    },
  ]
}
