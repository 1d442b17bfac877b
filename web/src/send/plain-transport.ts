import { reasonNotSent } from '../../../client/src/source.ts'
import { type Access, accessHeaders, call } from '../lib/api.ts'
import type { Transport } from './transport.ts'

/** Sends each file in one request. Streams have no other way, because the server stores nothing of them. */
export function plainTransport(uploadId: string, access: Access): Transport {
  return ({ fileId, name, source }, report) => {
    const stopped = new AbortController()
    const { signal } = stopped
    const path = `stream/${uploadId}/${fileId}/${encodeURIComponent(name)}`

    async function post(): Promise<void> {
      const bytes = await source.slice(0, source.size)
      const [head, tail] = partAround(name)
      const body = new Blob([head, bytes, tail], { type: `multipart/form-data; boundary=${BOUNDARY}` })
      const onSent = (sent: number) => report.progress(Math.min(bytes.size, Math.max(0, sent - head.size)))
      await call(path, { method: 'POST', headers: accessHeaders(access), body, signal, onSent }).catch(
        async (error: unknown) => {
          throw await reasonNotSent(error, bytes)
        },
      )
    }

    post().then(report.done, (error: unknown) => {
      if (!signal.aborted) report.failed(error)
    })
    return { stop: () => stopped.abort(), discard: async () => stopped.abort() }
  }
}

const BOUNDARY = `mayfly-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`

/** The parts of a form before and after the bytes of a file (RFC 7578); names are escaped as in browsers. */
function partAround(name: string): [head: Blob, tail: Blob] {
  const escaped = name.replace(/[\r\n"]/g, encodeURIComponent)
  const disposition = `Content-Disposition: form-data; name="file"; filename="${escaped}"`
  const head = `--${BOUNDARY}\r\n${disposition}\r\nContent-Type: application/octet-stream\r\n\r\n`
  return [new Blob([head]), new Blob([`\r\n--${BOUNDARY}--\r\n`])]
}
