export interface Head {
  /** The requested number of bytes, unless the source has fewer. */
  head: Buffer
  /** All bytes, including `head`; can be read once. */
  bytes: AsyncIterable<Uint8Array>
  /** Call it when `bytes` will not be read further, or was never read. */
  leave: () => void
}

/** Reads the first `count` bytes of a source. They may arrive in many small chunks, so the first chunk alone is not enough. */
export async function readHead(source: AsyncIterable<Uint8Array>, count: number): Promise<Head> {
  const rest = source[Symbol.asyncIterator]()
  const chunks: Uint8Array[] = []
  let size = 0
  while (size < count) {
    const { done, value } = await rest.next()
    if (done) break
    chunks.push(value)
    size += value.length
  }
  const head = Buffer.concat(chunks, Math.min(size, count))
  // Not awaited: a sender who stalls answers only after the chunk that never comes.
  const leave = () => void rest.return?.().catch(() => {})
  return { head, bytes: replayed(chunks, rest), leave }
}

/** Written by hand, because a generator would cost two more promises for each chunk of a large file. */
function replayed(seen: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  function next(): Promise<IteratorResult<Uint8Array>> {
    const value = seen.shift()
    return value ? Promise.resolve({ done: false, value }) : rest.next()
  }
  const finish = async () => (await rest.return?.()) ?? { done: true as const, value: undefined }
  return { [Symbol.asyncIterator]: () => ({ next, return: finish }) }
}
