/** Bytes already in memory: callers can take `chunk` directly instead of iterating. */
export class OneChunk implements AsyncIterableIterator<Buffer> {
  readonly chunk: Buffer
  #isRead: boolean

  constructor(chunk: Buffer) {
    this.chunk = chunk
    this.#isRead = chunk.length === 0
  }

  async next(): Promise<IteratorResult<Buffer>> {
    if (this.#isRead) return { done: true, value: undefined }
    this.#isRead = true
    return { done: false, value: this.chunk }
  }

  async return(): Promise<IteratorResult<Buffer>> {
    this.#isRead = true
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
