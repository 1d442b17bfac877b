/** What the page and the worker that saves for it tell each other. */

/** What the page says first, with a port for the rest. */
export interface Announcement {
  id: string
  name: string
  /** Bytes, when it is known. */
  size: number | undefined
}
/** On the port, from the page: bytes, their end, or that there will be no more. */
export type Piece = { bytes: Uint8Array<ArrayBuffer> } | { end: true } | { broken: true }
/** On the port, to the page. */
export type Wish = 'ready' | 'more' | 'cancelled'
