import { createConnection } from './connection.ts'
import { type DownloadOptions, download, downloadArchive } from './download.ts'
import {
  createFileRequest,
  type FileRequestOptions,
  inspectFileRequest,
  listFileRequests,
  revokeFileRequest,
  uploadToRequest,
} from './file-requests.ts'
import { extend, info, type ManageOptions, remove } from './manage.ts'
import type { UploadHooks } from './send-files.ts'
import type { FileInput } from './source.ts'
import { type Fetch, fetchTransport, type Transport } from './transport.ts'
import { type UploadOptions, upload } from './upload.ts'
import { browserTransport } from './xhr-transport.ts'

export interface ClientOptions {
  /** URL of the server, with its path prefix if it has one. */
  url: string
  /** API token of a user's account. */
  token?: string
  /** Instead of the global one. */
  fetch?: Fetch
  /** Instead of `fetch`. */
  transport?: Transport
}

export type Client = ReturnType<typeof createClient>

/** All functions for one server in one object. */
export function createClient({ url, token, fetch, transport }: ClientOptions) {
  const identify = (): Record<string, string> => (token === undefined ? {} : { 'X-PlikToken': token })
  const connection = createConnection(url, transport ?? defaultTransport(fetch), identify)
  return {
    /** Sends files as a new upload, or resumes one. See `UploadHooks` for progress, cancelling and resuming. */
    upload: (files: Iterable<FileInput>, options?: UploadOptions, hooks?: UploadHooks) =>
      upload(connection, files, options, hooks),
    /** Downloads a file by its link, or by the link of an upload with a single file. */
    download: (link: string, options?: DownloadOptions) => download(connection, link, options),
    /** Downloads several or all files of an upload as one zip. */
    downloadArchive: (link: string, options?: DownloadOptions & { files?: readonly string[] }) =>
      downloadArchive(connection, link, options),
    /** Returns the properties and files of an upload. */
    info: (link: string, options?: ManageOptions) => info(connection, link, options),
    /** Removes an upload, or one file of it. */
    remove: (link: string, options?: ManageOptions) => remove(connection, link, options),
    /** Sets a new time to live, counted from now. */
    extend: (link: string, ttl: number | string, options?: ManageOptions) => extend(connection, link, ttl, options),
    /** Creates a link with which guests add files to an upload. */
    createFileRequest: (link: string, options?: FileRequestOptions & { token?: string; signal?: AbortSignal }) =>
      createFileRequest(connection, link, options),
    listFileRequests: (link: string, options?: { token?: string; signal?: AbortSignal }) =>
      listFileRequests(connection, link, options),
    revokeFileRequest: (link: string, requestId: string, options?: { token?: string; signal?: AbortSignal }) =>
      revokeFileRequest(connection, link, requestId, options),
    /** Returns title, note and limits of a file request. */
    inspectFileRequest: (link: string, options?: { signal?: AbortSignal }) =>
      inspectFileRequest(connection, link, options),
    /** Sends files as a guest. */
    uploadToRequest: (link: string, files: Iterable<FileInput>, hooks?: UploadHooks) =>
      uploadToRequest(connection, link, files, hooks),
  }
}

const defaultTransport = (fetch: Fetch | undefined): Transport =>
  fetch === undefined && typeof XMLHttpRequest !== 'undefined' ? browserTransport() : fetchTransport(fetch)
