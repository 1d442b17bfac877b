/** Who sends, or waits for what is being made for him, as far as the work for all of them is shared out. */
export interface Sender {
  /** The address as throttles count it, see `Caller.network`. */
  network: string
  /** Aborts when the connection is gone: nobody waits for an answer any more. */
  gone: AbortSignal
}
