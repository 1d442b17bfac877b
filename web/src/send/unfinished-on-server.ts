import { ApiError, call } from '../lib/api.ts'

/** What the server has of a file that an earlier visit began, by the address where the rest of it goes (tus 1.0). */

const TUS = { 'Tus-Resumable': '1.0.0' }

/** Bytes; undefined: it is not kept any more. Throws `ApiError` when that can't be told now. */
export async function receivedAt(url: string): Promise<number | undefined> {
  try {
    return Number((await call(url, { method: 'HEAD', headers: TUS })).headers.get('Upload-Offset'))
  } catch (error) {
    if (error instanceof ApiError && [404, 410].includes(error.status)) return undefined
    throw error
  }
}

/** Nobody wants it any more. What can't be deleted now expires. */
export async function discardAt(url: string): Promise<void> {
  await call(url, { method: 'DELETE', headers: TUS }).catch(() => {})
}
