import { limitsOf } from '../accounts/account-rules.ts'
import type { User } from '../accounts/user.ts'
import type { Config } from '../config/config.ts'
import { AppError } from '../lib/errors.ts'
import { formatSize } from '../lib/format-size.ts'
import { cleanFileName, MAX_FILE_NAME_BYTES } from './file-name.ts'
import type { DeclaredFile, StoredFile, Upload } from './upload.ts'

/**
 * What may be asked of an upload. Pure: no I/O, no clock. The order of checks and every message are Plik's
 * (1.3.8, `server/context/upload.go`), since its clients and their tests match on them.
 */

/** An upload as a client asks for it; absent means that the server's default holds. */
export interface UploadOptions {
  oneShot?: boolean | undefined
  removable?: boolean | undefined
  stream?: boolean | undefined
  /** On unless switched off. */
  normalize?: boolean | undefined
  /** `age`: the files are encrypted before they come. */
  e2ee?: string | undefined
  /** What the sender of an encrypted upload says is in it, sealed. */
  manifest?: string | undefined
  extendTtl?: boolean | undefined
  /** 0: the default; negative: never. */
  ttlSeconds?: number | undefined
  /** 0: no limit. */
  maxDownloads?: number | undefined
  comments?: string | undefined
  login?: string | undefined
  password?: string | undefined
  files?: readonly DeclaredFile[] | undefined
}

/** An upload as the server grants it. */
export interface UploadPlan
  extends Pick<
    Upload,
    | 'oneShot'
    | 'removable'
    | 'stream'
    | 'normalize'
    | 'e2ee'
    | 'extendTtl'
    | 'ttlSeconds'
    | 'downloadLimit'
    | 'comments'
  > {
  credentials: { login: string; password: string } | undefined
  /** Empty: none. */
  manifest: string
  files: DeclaredFile[]
}

export const MAX_COMMENTS_BYTES = 32 * 1024
/** Both travel in one header. */
const MAX_CREDENTIAL_BYTES = 1024
/** Of a type (RFC 6838 §4.2: 127 characters, twice) or a client's own number for a file; a thousand of each are kept for one request. */
const MAX_LABEL_BYTES = 256
export const MAX_DOWNLOADS = 1_000_000
/** Of a manifest, and more for each file that it may name. */
const MANIFEST_BYTES = 1024
const MANIFEST_BYTES_PER_FILE = 128

/** A date past the year 9999 can't be written in RFC 3339, which Plik's clients insist on. */
export const MAX_TTL_SECONDS = 1_000 * 365 * 86_400

/** The login that guards an upload when its creator chose a password only; Plik's command line assumes it too. */
const DEFAULT_LOGIN = 'plik'

type Rules = Pick<
  Config,
  | 'featureAuthentication'
  | 'featureOneShot'
  | 'featureRemovable'
  | 'featureStream'
  | 'featureExtendTtl'
  | 'featureComments'
  | 'featureSetTtl'
  | 'featurePassword'
  | 'defaultTtlSeconds'
  | 'maxTtlSeconds'
  | 'maxFilesPerUpload'
  | 'maxFileSizeBytes'
>
type Feature = Config['featureOneShot']

/** What the caller may ask for: a user's own limits come before the server's, and a user is not anonymous. */
export function rulesFor(user: User | undefined, config: Rules & Pick<Config, 'maxUserSizeBytes'>): Rules {
  if (!user) return config
  const { maxFileSizeBytes, maxTtlSeconds } = limitsOf(user, config)
  const featureAuthentication = config.featureAuthentication === 'forced' ? 'enabled' : config.featureAuthentication
  // Plik refuses such a user every upload that does not choose its life time.
  const defaultTtlSeconds = Math.min(config.defaultTtlSeconds, maxTtlSeconds)
  return { ...config, featureAuthentication, maxFileSizeBytes, maxTtlSeconds, defaultTtlSeconds }
}

/** Throws `bad_request` with the reason why the upload is refused. */
export function planUpload(options: UploadOptions, config: Rules): UploadPlan {
  try {
    if (config.featureAuthentication === 'forced') throw refusal('anonymous uploads are disabled')
    const oneShot = granted(options.oneShot, config.featureOneShot, 'one shot uploads are disabled')
    return {
      oneShot,
      removable: granted(options.removable, config.featureRemovable, 'removable uploads are disabled'),
      stream: granted(options.stream, config.featureStream, 'streaming uploads are disabled'),
      ...treatmentOf(options),
      manifest: grantedManifest(options, config),
      comments: grantedComments(options.comments, config),
      extendTtl: granted(options.extendTtl, config.featureExtendTtl, 'extend TTL is disabled'),
      ttlSeconds: grantedTtl(options.ttlSeconds ?? 0, config),
      credentials: grantedCredentials(options, config),
      downloadLimit: oneShot ? 1 : grantedDownloads(options.maxDownloads ?? 0),
      files: grantedFiles(options.files ?? [], config),
    }
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `unable to create upload : ${error.message}`)
    throw error
  }
}

/** `default` acts as `enabled` here: it tells clients what to preselect. `false` can't switch off what is forced. */
function granted(wanted: boolean | undefined, feature: Feature, refusalText: string): boolean {
  if (wanted && feature === 'disabled') throw refusal(refusalText)
  return feature === 'forced' || wanted === true
}

/** What happens to the bytes of each file on their way in. Throws `bad_request`: no such way of encrypting. */
export function treatmentOf({ normalize = true, e2ee = '' }: UploadOptions): Pick<Upload, 'normalize' | 'e2ee'> {
  if (e2ee === '') return { normalize, e2ee: null }
  if (e2ee === 'age') return { normalize: false, e2ee }
  throw refusal(`unknown encryption ${e2ee}, allowed is age`)
}

/** Throws `bad_request`: the upload is not encrypted, or as `storableManifest`. */
function grantedManifest({ manifest = '', e2ee = '' }: UploadOptions, config: Rules): string {
  if (manifest === '') return ''
  if (e2ee === '') throw refusal('a manifest belongs to an encrypted upload')
  return storableManifest(manifest, config)
}

/** Throws `bad_request`: too long, or not base64url (RFC 4648 §5). */
export function storableManifest(sealed: string, { maxFilesPerUpload }: Pick<Rules, 'maxFilesPerUpload'>): string {
  const limit = MANIFEST_BYTES + MANIFEST_BYTES_PER_FILE * maxFilesPerUpload
  if (sealed.length > limit) throw refusal(`manifest is too long, maximum length is ${limit} bytes`)
  if (!/^[\w-]+$/.test(sealed)) throw refusal('manifest must be base64url')
  return sealed
}

/** Nothing where comments are switched off. Throws `bad_request`: too long. */
export function grantedComments(
  comments: string | undefined,
  { featureComments }: Pick<Rules, 'featureComments'>,
): string {
  if (!comments || featureComments === 'disabled') return ''
  if (Buffer.byteLength(comments) > MAX_COMMENTS_BYTES) {
    throw refusal(`comments are too long, maximum length is ${MAX_COMMENTS_BYTES} bytes`)
  }
  return storable(comments, 'comments', MAX_COMMENTS_BYTES)
}

/** Seconds; -1: for ever. `wanted`: 0 is the default. Throws `bad_request`: longer than allowed. */
export function grantedTtl(
  wanted: number,
  {
    featureSetTtl,
    defaultTtlSeconds,
    maxTtlSeconds,
  }: Pick<Rules, 'featureSetTtl' | 'defaultTtlSeconds' | 'maxTtlSeconds'>,
): number {
  const defaultTtl = Number.isFinite(defaultTtlSeconds) ? defaultTtlSeconds : -1
  if (featureSetTtl === 'disabled') return defaultTtl
  const ttl = wanted === 0 ? defaultTtl : wanted
  if (ttl <= 0 && Number.isFinite(maxTtlSeconds))
    throw refusal(`cannot set infinite TTL (maximum allowed is : ${maxTtlSeconds})`)
  const max = Math.min(maxTtlSeconds, MAX_TTL_SECONDS)
  if (ttl > max) throw refusal(`invalid TTL. (maximum allowed is : ${max})`)
  return ttl
}

function grantedCredentials({ login, password }: UploadOptions, { featurePassword }: Rules) {
  if (!password && featurePassword === 'forced') throw refusal('server only accept uploads protected by password')
  if (!password) return undefined
  if (featurePassword === 'disabled') throw refusal('upload password protection is disabled')
  if (login?.includes(':')) throw refusal('the login must not contain a colon') // RFC 7617 §2: it ends there
  if (Buffer.byteLength(password) > MAX_CREDENTIAL_BYTES)
    throw refusal(`password is too long, maximum length is ${MAX_CREDENTIAL_BYTES} bytes`)
  return {
    login: storable(login || DEFAULT_LOGIN, 'login', MAX_CREDENTIAL_BYTES),
    password,
  }
}

function grantedDownloads(wanted: number): number | null {
  if (wanted === 0) return null
  if (wanted < 0 || wanted > MAX_DOWNLOADS) throw refusal(`invalid maxDownloads. (must be from 1 to ${MAX_DOWNLOADS})`)
  return wanted
}

function grantedFiles(files: readonly DeclaredFile[], config: Rules): DeclaredFile[] {
  if (files.length > config.maxFilesPerUpload) throw refusal(`too many files. maximum is ${config.maxFilesPerUpload}`)
  return files.map((file) => {
    if (file.size > config.maxFileSizeBytes) {
      throw refusal(
        `file is too big (${formatSize(file.size)}), maximum file size is ${formatSize(config.maxFileSizeBytes)}`,
      )
    }
    return {
      name: grantedName(file.name),
      size: Math.max(0, file.size),
      type: storable(file.type, 'fileType', MAX_LABEL_BYTES),
      reference: storable(file.reference, 'reference', MAX_LABEL_BYTES),
    }
  })
}

/**
 * A text as both databases keep it. Throws `bad_request`: it is longer than `maxBytes`, or holds a NUL, which PostgreSQL
 * does not store.
 */
export function storable(text: string, field: string, maxBytes: number): string {
  if (Buffer.byteLength(text) > maxBytes) throw refusal(`${field} is too long, maximum length is ${maxBytes} bytes`)
  if (text.includes('\0')) throw refusal(`${field} must not contain NUL characters`)
  return text.toWellFormed()
}

/** Throws `bad_request`: nothing is left of the name, or it is longer than 1024 bytes of UTF-8. */
function grantedName(raw: string): string {
  const name = cleanFileName(raw)
  if (name === '') throw refusal('missing file name')
  if (Buffer.byteLength(name) <= MAX_FILE_NAME_BYTES) return name
  const head = Buffer.from(name)
    .subarray(0, 20)
    .toString()
    .replace(/\uFFFD+$/, '')
  throw refusal(`file name ${head}... is too long, maximum length is ${MAX_FILE_NAME_BYTES} characters`)
}

/** The name of a file that is added without being declared. Throws as `grantedName`, in Plik's words for this case. */
export function creatableName(raw: string): string {
  try {
    return grantedName(raw)
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `unable to create file : ${error.message}`)
    throw error
  }
}

const refusal = (message: string) => new AppError('bad_request', message)

/** When a grant of `ttlSeconds` from `now` ends; null: never. */
export const expiryOf = (ttlSeconds: number, now: number): number | null =>
  ttlSeconds > 0 ? now + ttlSeconds * 1000 : null

/** From its very millisecond on, an expired upload is gone, whether or not it was swept. */
export const isExpired = ({ status, expiresAt }: Upload, now: number): boolean =>
  status === 'expired' || (expiresAt !== null && expiresAt <= now)

/** `removed` means that the bytes are out of reach, which is all that anybody outside need know. */
export const visibleStatus = ({ status }: StoredFile): StoredFile['status'] =>
  status === 'removed' ? 'deleted' : status

/** Whether there will be bytes, but are none yet. */
export const isComing = ({ stream }: Upload, { status }: StoredFile): boolean =>
  status === 'missing' || (status === 'uploading' && !stream)

/** Throws `not_found`, unless the file can be downloaded: it is stored, or being streamed. */
export function assertAvailable({ stream }: Upload, file: StoredFile): void {
  if (file.status === (stream ? 'uploading' : 'uploaded')) return
  throw new AppError('not_found', `file ${file.name} (${file.id}) is not available : ${visibleStatus(file)}`)
}
