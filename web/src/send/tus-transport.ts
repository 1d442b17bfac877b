import type { DetailedError, Upload } from 'tus-js-client'
import { type ApiError, refusalOf, serverUrl, sessionHeaders } from '../lib/api.ts'
import { pieceBytes, shrinkPieces } from './piece-size.ts'
import type { OutgoingFile, Source, Transport } from './transport.ts'

/** Ever again, until people stop it: a lost connection is no reason to begin anew. */
const RETRY_DELAYS_MS = [0, 1_000, 2_000, 4_000, ...Array.from({ length: 10_000 }, () => 5_000)]

interface Target {
  /** What gives the right to send, and says where to. */
  headers?: Record<string, string>
  metadata?: Record<string, string>
  /** Where the rest of a file can be sent to, from now on. */
  onUrl: (file: OutgoingFile, url: string) => void
}

/** tus 1.0: what has arrived is never sent again, whatever happens to the connection, the page or the server. */
export function tusTransport({ headers = {}, metadata = {}, onUrl }: Target): Transport {
  const urls = new Map<string, string>()

  return (file, report) => {
    let upload: Upload | undefined
    let isStopped = false
    let isStalled = false
    let isPlaceLost = false
    let until: number | undefined
    addEventListener('online', goOn)
    begin().catch(fail)

    async function begin(): Promise<void> {
      await file.before?.()
      const { Upload } = await import('tus-js-client')
      if (isStopped) return
      upload = new Upload(file.source as unknown as Blob, {
        endpoint: serverUrl('tus'),
        uploadUrl: urls.get(file.key) ?? file.resumeUrl ?? null,
        chunkSize: pieceBytes(),
        retryDelays: RETRY_DELAYS_MS,
        storeFingerprintForResuming: false,
        headers: { ...sessionHeaders(), ...headers },
        metadata: metadataOf(file),
        fileReader: { openFile: async (source: Source) => fileSourceOf(source) },
        onUploadUrlAvailable: () => {
          if (!upload?.url) return
          urls.set(file.key, upload.url)
          onUrl(file, upload.url)
        },
        onProgress: (sent) => {
          isStalled = false
          report.progress(sent)
        },
        onAfterResponse: async (_request, response) => {
          until = undefined
          if (response.getStatus() === 429) await waitFor(Number(response.getHeader('Retry-After') ?? 0))
        },
        onShouldRetry: (error) => {
          const refusal = refusalIn(error)
          isStalled = isWorthTrying(refusal)
          if (isStalled && !isStopped) report.stalled(until, refusal?.proxyStatus === undefined ? undefined : refusal)
          return isStalled
        },
        onError: fail,
        onSuccess: () => {
          end()
          report.done()
        },
      })
      upload.start()
    }

    /** Until the server takes requests again, which it has said when. */
    async function waitFor(seconds: number): Promise<void> {
      if (isStopped || !(seconds > 0)) return
      until = Date.now() + seconds * 1_000
      report.stalled(until)
      await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    }

    function metadataOf({ fileId, name, type }: OutgoingFile): Record<string, string> {
      const declared = fileId === undefined || isPlaceLost ? {} : { fileId }
      return { ...metadata, ...declared, filename: name, filetype: type }
    }

    /** The connection is back before the next attempt would have been made. */
    function goOn(): void {
      if (!isStalled || !upload) return
      const again = upload
      void again.abort().then(() => again.start())
    }

    function fail(error: unknown): void {
      const refusal = isDetailed(error) ? refusalIn(error) : undefined
      if (!isStopped && refusal && (isMendedBySmallerPieces(refusal) || isMendedByAnotherPlace(refusal))) {
        begin().catch(fail)
        return
      }
      end()
      if (!isStopped) report.failed(refusal ?? error)
    }

    const isMendedBySmallerPieces = ({ proxyStatus }: ApiError): boolean =>
      proxyStatus === 413 && shrinkPieces(Math.min(upload?.options.chunkSize ?? 0, file.source.size))

    /** Its place in the upload was given up: it comes as one more file. */
    function isMendedByAnotherPlace({ status, message }: ApiError): boolean {
      if (isPlaceLost || status !== 400 || !IN_NO_PLACE.test(message)) return false
      isPlaceLost = true
      urls.delete(file.key)
      return true
    }

    function end(): void {
      removeEventListener('online', goOn)
    }

    function stop(forGood: boolean): void {
      isStopped = true
      end()
      upload?.abort(forGood).catch(() => {}) // what is left expires
    }

    return { stop: () => stop(false), discard: () => stop(true) }
  }
}

const fileSourceOf = (source: Source) => ({
  size: source.size,
  slice: async (start: number, end: number) => ({ value: await source.slice(start, end), done: end >= source.size }),
  close: () => {},
})

/** Undefined: no answer at all. 423: our own last request has not ended yet, for the server. Below 400: a network that wants a sign-in. */
function isWorthTrying(refusal: ApiError | undefined): boolean {
  const status = refusal?.proxyStatus ?? refusal?.status ?? 0
  return status < 400 || [408, 409, 423, 429].includes(status) || status >= 500
}

/** In Plik's words. */
const IN_NO_PLACE = /^invalid file status (?:deleted|removed)/

const isDetailed = (error: unknown): error is DetailedError => error instanceof Error && 'originalResponse' in error

function refusalIn({ originalResponse: answer }: DetailedError): ApiError | undefined {
  return answer ? refusalOf(answer.getStatus(), answer.getHeader('Content-Type'), answer.getBody()) : undefined
}
