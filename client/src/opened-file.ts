import type { SealedFile } from './download.ts'
import { openStream, wrongKey } from './encryption.ts'
import { MayflyError, notAsSent } from './errors.ts'
import { checkedHead } from './manifest.ts'

/** Loaded by `import()` only when something is encrypted. */

/**
 * Decrypts a file, and passes nothing on unless it is the one that its sender listed. Rejects with `wrong_key` if the key is
 * wrong. The stream fails with `not_as_sent` if it is another file, with `changed`, and with the errors of `bytes`. `size`: of
 * the plaintext.
 */
export async function openFile(
  bytes: ReadableStream<Uint8Array>,
  { key, listed, name }: SealedFile,
): Promise<{ stream: ReadableStream<Uint8Array>; size: (sealedBytes: number) => number }> {
  let failure: unknown
  const source = withErrors(bytes, (error) => {
    failure = error
    return error
  })
  const foreign = () => notAsSent(`${name} is not the file that the sender listed`)
  const reason = (error: unknown, other: () => MayflyError): unknown =>
    failure ?? (error instanceof MayflyError ? error : other())
  const opened = await openStream(listed ? checkedHead(source, listed, foreign) : source, key).catch((error) => {
    throw reason(error, () => wrongKey(error))
  })
  const changed = () => new MayflyError({ code: 'changed', detail: `${name} is incomplete, or was changed` })
  return {
    stream: withErrors(opened, (error) => reason(error, changed)),
    size: (sealedBytes) => opened.size(sealedBytes),
  }
}

/** The same stream, with its errors converted by `map`. */
function withErrors(stream: ReadableStream<Uint8Array>, map: (error: unknown) => unknown): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value } = await reader.read().catch((error: unknown) => {
          throw map(error)
        })
        if (value) controller.enqueue(value)
        else controller.close()
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
