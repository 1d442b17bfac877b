import { createPieceSizer } from '../../../client/src/piece-size.ts'
import type { RetryEvent } from '../../../client/src/retry.ts'
import type { TusTarget } from '../../../client/src/tus.ts'
import { connection } from '../lib/api.ts'
import { remembered } from '../lib/browser-storage.ts'
import type { Report, Transport } from './transport.ts'
import { noteFile } from './unfinished.ts'
import { discardAt } from './unfinished-on-server.ts'

const stored = remembered('piece-bytes')
/** The maximum piece size is remembered, so that a size rejected by a proxy is not tried again on later visits. */
const pieces = createPieceSizer(Number(stored.get()) || undefined, (limit) => stored.set(`${limit}`))

/** The last bytes of a piece may leave the browser long before they arrive. */
const IDLE_MS = 60_000

/**
 * Sends a file by tus 1.0: bytes that have arrived are never sent again after a failure of connection, page or server. Retries
 * until the user stops it. `recordId`: see `upload-engine.ts`.
 */
export function tusTransport(recordId: string, target: TusTarget): Transport {
  const urls = new Map<string, string>()

  return (file, report) => {
    const stopped = new AbortController()
    const { signal } = stopped
    const urlOf = () => urls.get(file.key) ?? file.resumeUrl

    async function send(): Promise<void> {
      await file.before?.()
      const { sendByTus } = await import('../../../client/src/tus.ts')
      signal.throwIfAborted()
      const retry = { retries: Number.POSITIVE_INFINITY, idleTimeoutMs: IDLE_MS, onRetry: reportRetry(report) }
      await sendByTus(
        { ...file, url: urlOf() },
        { connection, target, retry, pieces, signal },
        {
          onUrl: (url) => {
            urls.set(file.key, url)
            noteFile(recordId, file.key, { url })
          },
          onSent: (sent) => {
            if (!signal.aborted) report.progress(sent)
          },
        },
      )
      signal.throwIfAborted()
    }

    send().then(report.done, (error: unknown) => {
      if (!signal.aborted) report.failed(error)
    })

    async function discard(): Promise<void> {
      stopped.abort()
      const url = urlOf()
      if (url !== undefined) await discardAt(url)
    }

    return { stop: () => stopped.abort(), discard }
  }
}

const reportRetry =
  ({ stalled }: Report) =>
  ({ error, delayMs }: RetryEvent): void => {
    const isAskedToWait = (error.proxyStatus ?? error.status) === 429
    if (isAskedToWait) stalled(Date.now() + delayMs)
    else stalled(undefined, error.code === 'proxy' ? error : undefined)
  }
