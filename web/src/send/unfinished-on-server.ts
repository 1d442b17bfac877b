import { call } from '../lib/api.ts'

/** What the server has of a file that an earlier visit began (tus 1.0): nobody wants it any more. What can't be deleted now expires. */
export async function discardAt(url: string): Promise<void> {
  await call(url, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } }).catch(() => {})
}
