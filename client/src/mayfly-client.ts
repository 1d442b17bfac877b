/** The entry `mayfly-client`: the public API. */

export { type Client, type ClientOptions, createClient } from './client.ts'
export type { Access } from './connection.ts'
export type { Download, DownloadOptions, DownloadProgress, ReceivedBefore, SealedFile } from './download.ts'
export { type ClientErrorCode, type ErrorCode, MayflyError } from './errors.ts'
export { fileNameOf } from './file-name.ts'
export type { FileRequest, FileRequestOptions } from './file-requests.ts'
export type { Fingerprint } from './fingerprint.ts'
export {
  type ArchiveLink,
  type EncryptionPromise,
  type FileLink,
  type Link,
  parseLink,
  type RequestLink,
  type UploadLink,
} from './links.ts'
export type { ManageOptions } from './manage.ts'
export type { ListedFile } from './manifest.ts'
export type { RetryEvent, RetryOptions } from './retry.ts'
export type { FileProgress, UploadHooks, UploadProgress } from './send-files.ts'
export { createHasher, type Hasher } from './sha256.ts'
export type { FileRequestJson, FileStatus, InvitationJson } from './shapes.ts'
export type { FileInput, OutgoingFile, Source } from './source.ts'
export type { Fetch, HttpRequest, Transport } from './transport.ts'
export type { UploadOptions } from './upload.ts'
export type { FileInfo, UploadInfo } from './upload-info.ts'
export type { FileState, SaveState, UploadState } from './upload-state.ts'
