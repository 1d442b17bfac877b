import type { FileJson } from '../api.ts'

/** How the bytes of one file travel. */

export interface OutgoingFile {
  key: string
  /** As the server calls it. */
  fileId: string
  name: string
  type: string
  bytes: Blob
}

export interface Report {
  /** `sent`: bytes that the server has, from the start of the file. */
  progress(sent: number): void
  /** The connection is lost, and is being tried again. */
  stalled(): void
  done(file: FileJson): void
  failed(error: unknown): void
}

export interface Transfer {
  /** What has arrived stays on the server where it can. */
  stop(): void
  /** Nobody wants it any more. */
  discard(): void
}

/** Starts or goes on with the transfer of a file; reports nothing once it was stopped. */
export type Transport = (file: OutgoingFile, report: Report) => Transfer
