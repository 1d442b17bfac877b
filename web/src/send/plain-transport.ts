import type { Access } from '../lib/api.ts'
import type { Transport } from './transport.ts'

/** Each file in one request: a stream, whose bytes the server only passes on, can't be sent in any other way. */
export function plainTransport(uploadId: string, access: Access): Transport {
  return ({ fileId, name, source }, report) => {
    const stopped = new AbortController()
    const path = `stream/${uploadId}/${fileId}/${encodeURIComponent(name)}`
    const post = async () => {
      const { postFile } = await import('./post-file.ts')
      const bytes = await source.slice(0, source.size)
      await postFile(path, { name, bytes, access }, report.progress, stopped.signal)
    }
    post().then(report.done, (error: unknown) => {
      if (!stopped.signal.aborted) report.failed(error)
    })
    return { stop: () => stopped.abort(), discard: () => stopped.abort() }
  }
}
