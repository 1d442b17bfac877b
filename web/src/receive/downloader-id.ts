import type { UploadJson } from '../lib/api.ts'
import { remembered } from '../lib/browser-storage.ts'
import { isLimited } from './view.ts'

/** By which the server knows this tab again. From here, a domain for downloads gets no cookie that would tell it. */
const known = remembered('holder', () => sessionStorage)
const own = known.get() ?? newDownloaderId()

function newDownloaderId(): string {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
  known.set(id)
  return id
}

/** An address under which an interrupted limited download is resumed. */
export function withDownloaderId(upload: UploadJson, url: string): string {
  if (!upload.downloadDomain || !isLimited(upload)) return url
  return `${url}${url.includes('?') ? '&' : '?'}holder=${own}`
}
