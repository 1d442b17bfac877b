import type { ListedFile } from '../../../client/src/manifest.ts'
import type { SizedSource } from '../../../client/src/source.ts'
import type { ChosenFile } from './chosen-files.ts'

/** How the bytes of one file travel. */

export interface OutgoingFile {
  key: string
  chosen: ChosenFile
  /** As people know it. */
  path: string
  /** As the server calls it. */
  name: string
  /** Undefined: it was not declared when the upload was made, but is added to it. */
  fileId: string | undefined
  type: string
  /** The file as it is, or as it is once encrypted. */
  source: SizedSource
  /** Where an earlier visit left off. */
  resumeUrl?: string | undefined
  /** An earlier visit has sent some of it, but it is another file now: nothing of that is used. */
  isChanged?: boolean
  /** Of an encrypted one: its line of the manifest. */
  listed?: ListedFile | undefined
  /** What has to be done before anything of it is sent. It may be called again when it failed. */
  before?: (() => Promise<void>) | undefined
}

export interface Report {
  /** `sent`: bytes that the server has, from the start of the file. */
  progress(sent: number): void
  /**
   * The connection is lost, and is being tried again; `until` (epoch ms): the server asks to wait until then; `error`: what something
   * else answered instead of the server.
   */
  stalled(until?: number, error?: unknown): void
  done(): void
  failed(error: unknown): void
}

export interface Transfer {
  /** What has arrived stays on the server where it can. */
  stop(): void
  /** Nobody wants it any more. Resolves once its place is free, as far as the server could be told. */
  discard(): Promise<void>
}

/** Starts or resumes the transfer of a file; reports nothing once it was stopped. */
export type Transport = (file: OutgoingFile, report: Report) => Transfer
