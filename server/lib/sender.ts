/** A client that sends, or waits for an image that is being made, as far as sharing out that work needs to know it. */
export interface Sender {
  /** The address as throttles count it, see `Caller.network`. */
  network: string
  /** Aborts when the connection is gone: nobody waits for an answer any more. */
  gone: AbortSignal
}
