import { plikHash } from '../accounts/imported-passwords.ts'
import { hashPassword } from '../accounts/passwords.ts'
import { hashToken } from '../accounts/secrets.ts'
import type { Account } from '../accounts/user.ts'
import { cleanFileName } from '../uploads/file-name.ts'
import type { Measured, StoredFile, Upload } from '../uploads/upload.ts'
import { emptyFile } from '../uploads/uploads.ts'
import type { PlikFile, PlikUpload, PlikUser } from './plik-source-repo.ts'

/** Converts Plik's rows. */

export const toAccount = (row: PlikUser): Account => ({
  id: row.id,
  provider: row.provider as Account['provider'],
  login: row.login,
  name: row.name ?? '',
  email: row.email ?? '',
  isAdmin: row.is_admin === 1,
  maxFileSizeBytes: row.max_file_size ?? 0,
  maxUserSizeBytes: row.max_user_size ?? 0,
  maxTtlSeconds: row.max_ttl ?? 0,
  theme: row.theme ?? '',
  language: row.language ?? '',
  createdAt: epochMs(row.created_at),
  passwordHash: row.password || null,
})

/** `tokenId` and `userId`: the owner on this server, if it was imported. */
export async function toUpload(row: PlikUpload, owner: Pick<Upload, 'userId' | 'tokenId'>): Promise<Upload> {
  const oneShot = row.one_shot === 1
  return {
    ...owner,
    id: row.id,
    status: 'active',
    tokenHash: hashToken(row.upload_token),
    createdAt: epochMs(row.created_at),
    startedAt: epochMs(row.created_at),
    expiresAt: row.expire_at === null ? null : epochMs(row.expire_at),
    ttlSeconds: row.ttl,
    extendTtl: row.extend_ttl === 1,
    oneShot,
    removable: row.removable === 1,
    stream: row.stream === 1,
    normalize: true,
    e2ee: row.e2ee === 'age' ? 'age' : null,
    downloadLimit: oneShot ? 1 : null,
    comments: row.comments ?? '',
    ...(await passwordOf(row)),
    sourceAddress: row.remote_ip ?? '',
    fileCount: 0,
    returnedSlots: 0,
  }
}

/**
 * Plik 1.3.8 stored a password without a login under the empty login; here the empty login and `plik` are accepted, as
 * for other uploads.
 */
async function passwordOf(row: PlikUpload): Promise<Pick<Upload, 'login' | 'passwordHash'>> {
  const { protected_by_password, login, password } = row
  if (protected_by_password !== 1 || !password) return { login: null, passwordHash: null }
  return { login: login || 'plik', passwordHash: plikHash(login ?? '', await hashPassword(password.toLowerCase())) }
}

/** `measured`: the measurements of its bytes; undefined: the bytes are missing, and only the metadata is imported. */
export function toFile(row: PlikFile, position: number, measured: Measured | undefined): StoredFile {
  const { id, upload_id, size, type, reference, md5 } = row
  const name = cleanFileName(row.name) || id
  const declared = { name, size: size ?? 0, type: type ?? '', reference: reference ?? '' }
  const empty = { ...emptyFile(upload_id, declared, position, epochMs(row.created_at)), id }
  if (measured) return { ...empty, ...measured, type: empty.type, status: 'uploaded', uploadedAt: empty.createdAt }
  return { ...empty, md5: md5 ?? '', status: row.status === 'missing' ? 'missing' : 'deleted' }
}

/**
 * Parses times as Go writes them into SQLite, `2023-09-20 14:30:41.123456789+02:00`, and as PostgreSQL shows them,
 * `2023-09-20 14:30:41.123456+00`.
 */
export function epochMs(text: string): number {
  const ms = Date.parse(isoTime(text))
  if (Number.isNaN(ms)) throw new Error(`${text} is not a time`)
  return ms
}

export const isoTime = (text: string): string =>
  text
    .replace(' ', 'T')
    .replace(/(\.\d{3})\d+/, '$1')
    .replace(/(T.*[+-]\d\d)$/, '$1:00')
