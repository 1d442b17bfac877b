/** A client that uploads, or waits for a derived image; image work is shared out among clients. */
export interface Sender {
  /** The address as throttles count it, see `Caller.network`. */
  network: string
  /** Aborts when the client has disconnected. */
  gone: AbortSignal
}
