import { limitsOf } from '../accounts/account-rules.ts'
import type { User } from '../accounts/user.ts'
import type { Config } from '../config/config.ts'
import { AppError, because } from '../lib/errors.ts'
import { cleanFileName, MAX_FILE_NAME_BYTES } from './file-name.ts'
import type { DeclaredFile, StoredFile, Upload } from './upload.ts'

/**
 * Rules for the options of uploads. Pure: no I/O, no clock. The order of checks and all messages are Plik's (1.3.8,
 * `server/context/upload.go`), since its clients and their tests match on them.
 */

/** The options of an upload as requested by a client; undefined: the server's default. */
export interface UploadOptions {
  oneShot?: boolean | undefined
  removable?: boolean | undefined
  stream?: boolean | undefined
  /** On unless switched off. */
  normalize?: boolean | undefined
  /** `age`: the client encrypts the files before sending them. */
  e2ee?: string | undefined
  /** The sealed list of the files of an encrypted upload. */
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

/** The options that the server grants. */
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
/** Login and password share one header. */
const MAX_CREDENTIAL_BYTES = 1024
/**
 * Limit of a content type (RFC 6838 §4.2: 127 characters, twice) or a client's reference of a file; a request may hold a
 * thousand of each.
 */
const MAX_LABEL_BYTES = 256
export const MAX_DOWNLOADS = 1_000_000
/** Limit of a manifest without files; more is added for each possible file. */
const MANIFEST_BYTES = 1024
const MANIFEST_BYTES_PER_FILE = 128

/** A date after the year 9999 can't be written in RFC 3339, which Plik's clients require. */
export const MAX_TTL_SECONDS = 1_000 * 365 * 86_400

/** The login of an upload whose creator set only a password; Plik's command line assumes it too. */
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
type FeatureRefusal = 'one_shot_disabled' | 'removable_disabled' | 'streaming_disabled' | 'ttl_extension_disabled'

/** The rules for a caller: a user's own limits override the server's, and a user is not anonymous. */
export function rulesFor(user: User | undefined, config: Rules & Pick<Config, 'maxUserSizeBytes'>): Rules {
  if (!user) return config
  const { maxFileSizeBytes, maxTtlSeconds } = limitsOf(user, config)
  const featureAuthentication = config.featureAuthentication === 'forced' ? 'enabled' : config.featureAuthentication
  // Plik rejects every upload of such a user without an explicit TTL.
  const defaultTtlSeconds = Math.min(config.defaultTtlSeconds, maxTtlSeconds)
  return { ...config, featureAuthentication, maxFileSizeBytes, maxTtlSeconds, defaultTtlSeconds }
}

/** Throws `bad_request` with the reason if the upload is not allowed. */
export function planUpload(options: UploadOptions, config: Rules): UploadPlan {
  return because('unable to create upload : ', () => {
    if (config.featureAuthentication === 'forced') throw new AppError('anonymous_uploads_disabled')
    const oneShot = granted(options.oneShot, config.featureOneShot, 'one_shot_disabled')
    return {
      oneShot,
      removable: granted(options.removable, config.featureRemovable, 'removable_disabled'),
      stream: granted(options.stream, config.featureStream, 'streaming_disabled'),
      ...treatmentOf(options),
      manifest: grantedManifest(options, config),
      comments: grantedComments(options.comments, config),
      extendTtl: granted(options.extendTtl, config.featureExtendTtl, 'ttl_extension_disabled'),
      ttlSeconds: grantedTtl(options.ttlSeconds ?? 0, config),
      credentials: grantedCredentials(options, config),
      downloadLimit: oneShot ? 1 : grantedDownloads(options.maxDownloads ?? 0),
      files: grantedFiles(options.files ?? [], config),
    }
  })
}

/** `default` is the same as `enabled` here: it tells clients what to preselect. `false` can't switch off a forced feature. */
function granted(wanted: boolean | undefined, feature: Feature, refusal: FeatureRefusal): boolean {
  if (wanted && feature === 'disabled') throw new AppError(refusal)
  return feature === 'forced' || wanted === true
}

/** How the bytes of each file are treated. Throws `bad_request` for an unknown encryption. */
export function treatmentOf({ normalize = true, e2ee = '' }: UploadOptions): Pick<Upload, 'normalize' | 'e2ee'> {
  if (e2ee === '') return { normalize, e2ee: null }
  if (e2ee === 'age') return { normalize: false, e2ee }
  throw new AppError('encryption_unknown', { name: e2ee })
}

/** Throws `bad_request` if the upload is not encrypted, and like `storableManifest`. */
function grantedManifest({ manifest = '', e2ee = '' }: UploadOptions, config: Rules): string {
  if (manifest === '') return ''
  if (e2ee === '') throw new AppError('manifest_without_encryption')
  return storableManifest(manifest, config)
}

/** Throws `bad_request` if it is too long or not base64url (RFC 4648 §5). */
export function storableManifest(sealed: string, { maxFilesPerUpload }: Pick<Rules, 'maxFilesPerUpload'>): string {
  const limit = MANIFEST_BYTES + MANIFEST_BYTES_PER_FILE * maxFilesPerUpload
  if (sealed.length > limit) throw new AppError('manifest_too_long', { max: limit })
  if (!/^[\w-]+$/.test(sealed)) throw new AppError('manifest_not_base64url')
  return sealed
}

/** Returns an empty text if comments are switched off. Throws `bad_request` if they are too long. */
export function grantedComments(
  comments: string | undefined,
  { featureComments }: Pick<Rules, 'featureComments'>,
): string {
  if (!comments || featureComments === 'disabled') return ''
  if (Buffer.byteLength(comments) > MAX_COMMENTS_BYTES) {
    throw new AppError('comments_too_long', { max: MAX_COMMENTS_BYTES })
  }
  return storable(comments, 'comments', MAX_COMMENTS_BYTES)
}

/** Returns seconds; -1: never expires. `wanted`: 0 is the default. Throws `bad_request` if it is longer than allowed. */
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
  if (ttl <= 0 && Number.isFinite(maxTtlSeconds)) throw new AppError('ttl_must_be_finite', { max: maxTtlSeconds })
  const max = Math.min(maxTtlSeconds, MAX_TTL_SECONDS)
  if (ttl > max) throw new AppError('ttl_too_long', { max })
  return ttl
}

function grantedCredentials({ login, password }: UploadOptions, { featurePassword }: Rules) {
  if (!password && featurePassword === 'forced') throw new AppError('upload_password_required')
  if (!password) return undefined
  if (featurePassword === 'disabled') throw new AppError('upload_passwords_disabled')
  if (login?.includes(':')) throw new AppError('login_has_colon') // RFC 7617 §2: it ends there
  if (Buffer.byteLength(password) > MAX_CREDENTIAL_BYTES)
    throw new AppError('text_too_long', { field: 'password', max: MAX_CREDENTIAL_BYTES })
  return {
    login: storable(login || DEFAULT_LOGIN, 'login', MAX_CREDENTIAL_BYTES),
    password,
  }
}

function grantedDownloads(wanted: number): number | null {
  if (wanted === 0) return null
  if (wanted < 0 || wanted > MAX_DOWNLOADS) throw new AppError('download_limit_invalid', { max: MAX_DOWNLOADS })
  return wanted
}

function grantedFiles(files: readonly DeclaredFile[], config: Rules): DeclaredFile[] {
  if (files.length > config.maxFilesPerUpload)
    throw new AppError('too_many_declared_files', { max: config.maxFilesPerUpload })
  return files.map((file) => {
    if (file.size > config.maxFileSizeBytes) {
      throw new AppError('declared_file_too_large', { size: file.size, max: config.maxFileSizeBytes })
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
 * Returns a text that both databases can store. Throws `bad_request` if it is longer than `maxBytes`, or contains a NUL,
 * which PostgreSQL can't store.
 */
export function storable(text: string, field: string, maxBytes: number): string {
  if (Buffer.byteLength(text) > maxBytes) throw new AppError('text_too_long', { field, max: maxBytes })
  if (text.includes('\0')) throw new AppError('nul_character', { field })
  return text.toWellFormed()
}

/** Throws `bad_request` if the cleaned name is empty, or longer than 1024 bytes of UTF-8. */
function grantedName(raw: string): string {
  const name = cleanFileName(raw)
  if (name === '') throw new AppError('file_name_missing')
  if (Buffer.byteLength(name) <= MAX_FILE_NAME_BYTES) return name
  const head = Buffer.from(name)
    .subarray(0, 20)
    .toString()
    .replace(/\uFFFD+$/, '')
  throw new AppError('file_name_too_long', { head, max: MAX_FILE_NAME_BYTES })
}

/** The name of an undeclared file. Throws like `grantedName`, in Plik's words for this case. */
export const creatableName = (raw: string): string => because('unable to create file : ', () => grantedName(raw))

/** When `ttlSeconds` from `now` end; null: never. */
export const expiryOf = (ttlSeconds: number, now: number): number | null =>
  ttlSeconds > 0 ? now + ttlSeconds * 1000 : null

/** An upload counts as expired from that very millisecond, whether or not the clean-up has marked it. */
export const isExpired = ({ status, expiresAt }: Upload, now: number): boolean =>
  status === 'expired' || (expiresAt !== null && expiresAt <= now)

/** `removed` files are shown as `deleted`: clients need not know whether the bytes still exist. */
export const visibleStatus = ({ status }: StoredFile): StoredFile['status'] =>
  status === 'removed' ? 'deleted' : status

/** Whether the file has no bytes yet but will get some. */
export const isComing = ({ stream }: Upload, { status }: StoredFile): boolean =>
  status === 'missing' || (status === 'uploading' && !stream)

/** Throws `not_found` unless the file can be downloaded: it is stored, or being streamed. */
export function assertAvailable({ stream }: Upload, file: StoredFile): void {
  if (file.status === (stream ? 'uploading' : 'uploaded')) return
  throw new AppError('file_not_available', { name: file.name, id: file.id, status: visibleStatus(file) })
}
