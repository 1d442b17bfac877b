import { z } from 'zod'
import type { ImageReport, VideoReport } from '../images/pipeline/image.ts'
import { caseless, listOf, optionalText } from '../lib/shapes.ts'
import type { DeclaredFile, Downloaded, StoredFile, Upload } from './upload.ts'
import { type UploadOptions, visibleStatus } from './upload-rules.ts'

/** Uploads and files in JSON, as in Plik 1.3.8. Schema keys are in lower case, see `caseless`. */

/** Fields of a JSON body: absent and `null` are both `undefined`. */
export const field = {
  text: optionalText,
  flag: z
    .boolean()
    .nullish()
    .transform((value) => value ?? undefined),
  int: z
    .int()
    .nullish()
    .transform((value) => value ?? undefined),
}

const DeclaredFileBody = caseless({
  filename: field.text,
  filesize: field.int,
  filetype: field.text,
  reference: field.text,
}).transform(
  ({ filename = '', filesize = 0, filetype = '', reference = '' }): DeclaredFile => ({
    name: filename,
    size: filesize,
    type: filetype,
    reference,
  }),
)

/**
 * An object instead of a list is the format before Plik 1.3, which ShareX still sends; the response then has the old
 * format, too.
 */
function declaredFiles(maxFiles: number) {
  const list = listOf(DeclaredFileBody, maxFiles + 1) // one more shows that there are too many
  const byKey = z.record(z.string(), z.unknown()).transform((files) => Object.values(files))
  return z.union([list, byKey.pipe(list).transform((legacy) => ({ legacy }))]).nullish()
}

/** `POST /upload` for a limit of `maxFiles` files. */
export const createUploadBody = (maxFiles: number) =>
  caseless({
    oneshot: field.flag,
    removable: field.flag,
    stream: field.flag,
    normalize: field.flag,
    e2ee: field.text,
    manifest: field.text,
    extend_ttl: field.flag,
    ttl: field.int,
    maxdownloads: field.int,
    comments: field.text,
    login: field.text,
    password: field.text,
    files: declaredFiles(maxFiles),
  }).transform(({ files, ...body }) => {
    const options: UploadOptions = {
      oneShot: body.oneshot,
      removable: body.removable,
      stream: body.stream,
      normalize: body.normalize,
      e2ee: body.e2ee,
      manifest: body.manifest,
      extendTtl: body.extend_ttl,
      ttlSeconds: body.ttl,
      maxDownloads: body.maxdownloads,
      comments: body.comments,
      login: body.login,
      password: body.password,
      files: files && 'legacy' in files ? files.legacy : (files ?? []),
    }
    return { options, isLegacy: files != null && 'legacy' in files }
  })

/** `PATCH /upload/:upload`: seconds from now on, as in the creation. */
export const RenewBody = caseless({ ttl: field.int })

/** `POST /archive/:upload`: ids of the files to put in. */
export const ArchiveBody = caseless({ files: listOf(z.string()).nullish() })

/** What the JSON of an upload needs besides the upload. */
export interface Visibility {
  isAdmin: boolean
  /** Included only if the caller already knows it. */
  token: string | undefined
  downloadDomain: string
  /** The base URL of downloads, if one is configured; otherwise clients use the address of their request. */
  downloadUrl: string | undefined
  /** Of an encrypted upload. */
  manifest?: string | undefined
  /** Downloads by id of upload and file, for callers that administer them. */
  downloads?: ReadonlyMap<string, Downloaded>
}

/** An upload as its creator and its readers see it. `files: null`: none were declared, which Plik returns for the creation. */
export function uploadJson(
  upload: Upload,
  files: StoredFile[] | null,
  { isAdmin, token, downloadDomain, downloadUrl, manifest, downloads }: Visibility,
) {
  return {
    id: upload.id,
    ttl: upload.ttlSeconds,
    extend_ttl: upload.extendTtl,
    downloadDomain,
    ...(downloadUrl === undefined ? {} : { downloadURL: downloadUrl }),
    comments: upload.comments,
    files:
      files?.map((file) => ({
        ...fileJson(file, downloads?.get(file.id)),
        ...leftOf(upload, file),
        ...(isAdmin ? requestOf(file) : {}),
      })) ?? null,
    ...(isAdmin && token !== undefined ? { uploadToken: token } : {}),
    admin: isAdmin,
    stream: upload.stream,
    oneShot: upload.oneShot,
    removable: upload.removable,
    ...(upload.normalize ? {} : { normalize: false }),
    ...(upload.e2ee === null ? {} : { e2ee: upload.e2ee }),
    ...(manifest ? { manifest } : {}),
    ...(upload.oneShot || upload.downloadLimit === null ? {} : { maxDownloads: upload.downloadLimit }),
    protectedByPassword: upload.passwordHash !== null,
    createdAt: timeJson(upload.createdAt),
    expireAt: upload.expiresAt === null ? null : timeJson(upload.expiresAt),
    ...downloadsJson(downloads?.get(upload.id)),
    downloadedBytes: downloads?.get(upload.id)?.bytes ?? 0,
  }
}

/**
 * An upload in the lists of its owner and of administrators, with its owner and origin. Plik's lists include upload
 * tokens and password hashes (1.3.8); here `token` is the name of an API token, which grants no access.
 */
export function listedUploadJson(
  upload: Upload,
  files: StoredFile[],
  visibility: Omit<Visibility, 'isAdmin' | 'token'>,
) {
  return {
    ...uploadJson(upload, files, { ...visibility, isAdmin: true, token: undefined }),
    uploadIp: upload.sourceAddress,
    ...(upload.userId === null ? {} : { user: upload.userId }),
    ...(upload.tokenId === null ? {} : { token: upload.tokenId }),
  }
}

/** The response to a creation in the format before Plik 1.3: files by id, no times except one in seconds. */
export function legacyUploadJson(upload: Upload, files: StoredFile[], { token, downloadDomain }: Visibility) {
  return {
    id: upload.id,
    uploadDate: Math.floor(upload.createdAt / 1000),
    ttl: upload.ttlSeconds,
    downloadDomain,
    comments: upload.comments,
    files: Object.fromEntries(files.map((file) => [file.id, fileJson(file)])),
    uploadToken: token,
    admin: false,
    stream: upload.stream,
    oneShot: upload.oneShot,
    removable: upload.removable,
    protectedByPassword: upload.passwordHash !== null,
    protectedByYubikey: false,
  }
}

export function fileJson(file: StoredFile, downloaded?: Downloaded) {
  return {
    id: file.id,
    fileName: file.name,
    status: visibleStatus(file),
    fileMd5: file.md5,
    fileType: file.type,
    fileSize: file.size,
    reference: file.reference,
    createdAt: timeJson(file.createdAt),
    ...treatmentJson(file.image),
    ...downloadsJson(downloaded),
    ...(file.fault ? { fault: file.fault } : {}),
  }
}

const downloadsJson = ({ count, lastAt }: Downloaded = { count: 0, bytes: 0, lastAt: undefined }) => ({
  downloadCount: count,
  ...(lastAt === undefined ? {} : { lastDownloadedAt: timeJson(lastAt) }),
})

/** The JSON that clients receive. */
export type UploadJson = ReturnType<typeof uploadJson>
export type FileJson = ReturnType<typeof fileJson> & ReturnType<typeof leftOf>

/** The number of downloads left, not counting those in progress. */
const leftOf = ({ oneShot, downloadLimit }: Upload, { claimsTaken }: StoredFile): { downloadsLeft?: number } =>
  oneShot || downloadLimit === null ? {} : { downloadsLeft: Math.max(0, downloadLimit - claimsTaken) }

/** Only the uploader sees which file request a file came from. */
const requestOf = ({ requestId }: StoredFile) => (requestId === null ? {} : { request: requestId })

function treatmentJson(report: ImageReport | VideoReport | null): {
  image?: ReturnType<typeof imageJson>
  media?: VideoReport
} {
  if (!report) return {}
  return 'originalSize' in report ? { image: imageJson(report) } : { media: report }
}

function imageJson({ dimensions, format, status, removed, originalSize, ...left }: ImageReport) {
  return { dimensions, format, status, removed, originalSize, ...left }
}

export const timeJson = (epochMs: number): string => new Date(epochMs).toISOString()
