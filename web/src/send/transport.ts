import type { ListedFile } from '../../../client/src/manifest.ts'
import type { SizedSource } from '../../../client/src/source.ts'
import type { ChosenFile } from './chosen-files.ts'

/** Interface for sending the bytes of one file. */

export interface OutgoingFile {
  key: string
  chosen: ChosenFile
  /** As people know it. */
  path: string
  /** Name on the server. */
  name: string
  /** Undefined: it was not declared when the upload was created, but is added to it. */
  fileId: string | undefined
  type: string
  /** The bytes to send, encrypted if necessary. */
  source: SizedSource
  /** URL to resume at, from an earlier visit. */
  resumeUrl?: string | undefined
  /** The file has changed since an earlier visit sent part of it, so it is sent from the beginning. */
  isChanged?: boolean
  /** Entry in the manifest, if it is encrypted. */
  listed?: ListedFile | undefined
  /** Must be done before any bytes are sent. May be called again after an error. */
  before?: (() => Promise<void>) | undefined
}

export interface Report {
  /** `sent`: number of bytes that the server has. */
  progress(sent: number): void
  /**
   * The connection is lost and is being retried; `until` (epoch ms): the server asks to wait; `error`: a response that was not
   * the server's.
   */
  stalled(until?: number, error?: unknown): void
  done(): void
  failed(error: unknown): void
}

export interface Transfer {
  /** Stops sending; received bytes stay on the server if possible. */
  stop(): void
  /** Nobody wants it any more. Resolves once its place is free, as far as the server could be told. */
  discard(): Promise<void>
}

/** Starts or resumes the transfer of a file; reports nothing after it was stopped. */
export type Transport = (file: OutgoingFile, report: Report) => Transfer
