import type { UploadJson } from '../lib/api.ts'
import { remembered } from '../lib/browser-storage.ts'
import { isLimited } from './view.ts'

/** The downloader id, by which the server recognises this tab. A separate download domain gets no cookie for this. */
const known = remembered('holder', () => sessionStorage)
const own = known.get() ?? newDownloaderId()

function newDownloaderId(): string {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
  known.set(id)
  return id
}

/** The URL of a file with the downloader id, so that an interrupted limited download can be resumed. */
export function withDownloaderId(upload: UploadJson, url: string): string {
  if (!upload.downloadDomain || !isLimited(upload)) return url
  return `${url}${url.includes('?') ? '&' : '?'}holder=${own}`
}
