import type { Transport } from '../sending/transport.ts'
import { addByRequest } from './requests-api.ts'

/** Each file in one request, which is all that guests are offered. */
export function guestTransport(token: string): Transport {
  return ({ name, bytes }, report) => {
    const stopped = new AbortController()
    addByRequest(token, { name, bytes }, report.progress, stopped.signal).then(report.done, (error: unknown) => {
      if (!stopped.signal.aborted) report.failed(error)
    })
    return { stop: () => stopped.abort(), discard: () => stopped.abort() }
  }
}
