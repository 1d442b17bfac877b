export interface Head {
  /** As many bytes as were asked for, unless there are fewer. */
  head: Buffer
  /** All bytes, those of `head` included; to be read once. */
  bytes: AsyncIterable<Uint8Array>
  /** To be called when `bytes` will not be read any further, in case nobody began to. */
  leave: () => void
}

/** Looks at the first `count` bytes of a source. A sender may dribble them, so that the first chunk alone decides nothing. */
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

/** By hand rather than as a generator, which would cost each chunk of a large file two more promises. */
function replayed(seen: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  function next(): Promise<IteratorResult<Uint8Array>> {
    const value = seen.shift()
    return value ? Promise.resolve({ done: false, value }) : rest.next()
  }
  const finish = async () => (await rest.return?.()) ?? { done: true as const, value: undefined }
  return { [Symbol.asyncIterator]: () => ({ next, return: finish }) }
}
