import { call } from '../lib/api.ts'

/** Deletes an unfinished file of an earlier visit from the server (tus 1.0). If that fails, the file expires. */
export async function discardAt(url: string): Promise<void> {
  await call(url, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } }).catch(() => {})
}
