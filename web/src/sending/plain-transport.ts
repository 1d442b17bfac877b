import { type Access, postFile } from '../api.ts'
import type { Transport } from './transport.ts'

/** Each file in one request: a stream, whose bytes the server only passes on, can't be sent in any other way. */
export function plainTransport(uploadId: string, access: Access, mode: 'file' | 'stream'): Transport {
  return ({ fileId, name, bytes }, report) => {
    const stopped = new AbortController()
    const path = `${mode}/${uploadId}/${fileId}/${encodeURIComponent(name)}`
    postFile(path, { name, bytes, access }, report.progress, stopped.signal).then(report.done, (error: unknown) => {
      if (!stopped.signal.aborted) report.failed(error)
    })
    return { stop: () => stopped.abort(), discard: () => stopped.abort() }
  }
}
