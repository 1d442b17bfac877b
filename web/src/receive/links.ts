import { type FileJson, filePath, serverConfig, serverUrl, type UploadJson } from '../lib/api.ts'
import { href } from '../lib/router.ts'

/** All URLs of an upload. Files may be on a separate domain. `secret` decrypts an encrypted upload. */

export function linksOf(upload: Pick<UploadJson, 'id' | 'uploadToken' | 'manifest'>, secret?: string) {
  const { id, uploadToken, manifest } = upload
  const key = secret === undefined ? undefined : { e2ee: manifest ? '2' : '1', key: secret }
  return {
    page: serverUrl(href('/', { id, ...key })),
    /** Gives full rights to change the upload. */
    admin: uploadToken === undefined ? undefined : serverUrl(href('/', { id, uploadToken, ...key })),
  }
}

export function fileUrl(upload: UploadJson, file: FileJson): string {
  return `${contentBase(upload)}${filePath(upload.id, file, upload.stream ? 'stream' : 'file')}`
}

/** The URL that saves a file under its own name instead of showing it. */
export const saveUrl = (upload: UploadJson, file: FileJson): string => `${fileUrl(upload, file)}?dl=1`

/** Whether the server can make variants of an image: browsers decode some formats that the server can't. */
export const hasThumbnails = ({ image }: FileJson): boolean =>
  image !== undefined &&
  image.format !== 'jxl' &&
  (image.format !== 'heic' || serverConfig.value?.heicThumbnails === true)

/** Whether browsers show it better than a copy: what moves, and HDR. */
export const isShownAsIs = ({ image }: FileJson): boolean =>
  image !== undefined && (image.animated === true || ['gif', 'webp', 'avif'].includes(image.format))

/** A smaller copy of an image that stands still, in a box of the given size in pixels; `fit: 'cover'` fills the box and crops the rest. */
export const thumbnailUrl = (
  upload: UploadJson,
  file: FileJson,
  box: { width: number; height?: number; fit?: 'cover' },
): string => {
  const entries = Object.entries({ format: 'webp', still: true, ...box }).map(([name, value]) => [name, String(value)])
  return `${fileUrl(upload, file)}?${new URLSearchParams(entries)}`
}

/** The URL of an archive of all files, or of the given ones. */
export function archiveUrl(upload: UploadJson, fileIds: readonly string[] = []): string {
  const query = new URLSearchParams([['dl', '1'], ...fileIds.map((id): [string, string] => ['file', id])])
  return `${contentBase(upload)}archive/${upload.id}/mayfly-${upload.id.slice(0, 6)}.zip?${query}`
}

/** The download domain uses the same path prefix as the page. */
function contentBase({ downloadDomain }: UploadJson): string {
  const own = serverUrl('')
  return downloadDomain ? downloadDomain + new URL(own).pathname : own
}
