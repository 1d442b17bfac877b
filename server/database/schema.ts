import type { ColumnType, Selectable } from 'kysely'
import type { Provider } from '../accounts/user.ts'
import type { Handover } from '../downloads/progress.ts'
import type { ReceivedRanges } from '../downloads/received-ranges.ts'
import type { ImageReport, VideoReport } from '../images/pipeline/image.ts'
import type { JobsSchema } from './schema-jobs.ts'

/**
 * Rows as queries take and return them; what features call an upload, a file or a job is a row. Times are epoch ms, sizes bytes. The
 * tables themselves are made by `migrations/`, with names in snake_case and nothing but text and integers: `columns.ts` converts.
 */
export interface Schema extends JobsSchema {
  uploads: UploadsTable
  files: FilesTable
  manifests: ManifestsTable
  claims: ClaimsTable
  variants: VariantsTable
  fileRequests: FileRequestsTable
  users: UsersTable
  tokens: TokensTable
  sessions: SessionsTable
  cliLogins: CliLoginsTable
  resumables: ResumablesTable
  activity: ActivityTable
  lifetimeUsage: UsageTable
  importedUploads: ImportedUploadsTable
  stores: StoresTable
}

/** A row of a table. */
export type Row<Table extends keyof Schema> = Selectable<Schema[Table]>

/** What one link shares: options and files. */
export interface UploadsTable {
  id: string
  status: UploadStatus
  /** SHA-256 of the upload token, hexadecimal. */
  tokenHash: string
  createdAt: number
  /** Null: never. */
  expiresAt: number | null
  /** As granted; zero or less: never expires. */
  ttlSeconds: number
  /** When its first file was whole: then its time began anew. Null: none was, and it is spared while one comes in. */
  startedAt: WithDefault<number | null>
  extendTtl: boolean
  oneShot: boolean
  removable: boolean
  stream: boolean
  /** How many complete downloads each file allows; null: no limit. One-shot uploads have 1. */
  downloadLimit: number | null
  comments: string
  /** With `passwordHash`: the user name of the Basic challenge. */
  login: string | null
  /** Argon2id, PHC string. */
  passwordHash: string | null
  sourceAddress: string
  /** Files that were ever added, removed ones included: the limit per upload counts them, as Plik's does. */
  fileCount: WithDefault<number>
  /** Those of them that guests began to send and never finished: they don't count. */
  returnedSlots: WithDefault<number>
  /** Metadata is removed from images during the upload. */
  normalize: WithDefault<boolean>
  /** The sender encrypts: nothing but age ciphertext is taken. Null: not encrypted. */
  e2ee: WithDefault<'age' | null>
  /** The owner; null: none. */
  userId: WithDefault<string | null>
  /** The API token that created it, revoked or not. */
  tokenId: WithDefault<string | null>
}

/**
 * - `active`: can be read until it expires
 * - `expired`, `removed`: its files are on their way out
 */
export type UploadStatus = 'active' | 'expired' | 'removed'

/** One entry of an upload. */
export interface FilesTable {
  id: string
  uploadId: string
  /** Order within the upload, from 1. */
  position: number
  status: FileStatus
  name: string
  /** Free text by which a client recognises the file that it declared. */
  reference: string
  createdAt: number
  /** As declared until the file is `uploaded`, then measured. */
  type: string
  size: number
  md5: WithDefault<string>
  sha256: WithDefault<string>
  crc32: WithDefault<number>
  /** Set from `uploaded` until the bytes are deleted. */
  blobKey: WithDefault<string | null>
  uploadedAt: WithDefault<number | null>
  /** While `uploading`: the writer renews it (`leases.ts`). */
  leaseUntil: WithDefault<number | null>
  /** Of a limited file: claims taken so far, and how many of them are spent. */
  claimsTaken: WithDefault<number>
  claimsSpent: WithDefault<number>
  /** What was done to an image or a video; null: it is neither, or was left alone. */
  image: WithDefault<ImageReport | VideoReport | null>
  /** What a job found to be wrong with the bytes: they are gone, have another size, or another digest. Null: nothing. */
  fault: WithDefault<FileFault | null>
  /** When the stored bytes were last compared with the digest. */
  verifiedAt: WithDefault<number | null>
  /** Of a stream while it waits for its reader: the address of the replica that holds the sender (`stream-exchange.ts`); null: it has none. */
  heldBy: WithDefault<string | null>
  /** The file request through which a guest added it; null: the uploader added it. */
  requestId: WithDefault<string | null>
  /** Who declared it: a user's id, or the address of an anonymous client. */
  declaredBy: WithDefault<string | null>
  /** Bytes that count against the file request: the reserved ones while it is being received, then those that were sent. */
  requestBytes: WithDefault<number>
}

export type FileFault = 'missing' | 'size' | 'digest'

/** `missing → uploading → uploaded → removed → deleted`: removed is the decision, deleted means that the bytes are gone. */
export type FileStatus = 'missing' | 'uploading' | 'uploaded' | 'removed' | 'deleted'

export interface ManifestsTable {
  uploadId: string
  /** Base64url; only who has the upload's secret can read or make it. */
  sealed: string
}

export interface ClaimsTable {
  id: string
  fileId: string
  /** Hash of what identifies the downloader: its cookie, or its address and user agent. */
  holder: string
  /** What is downloaded: `file`, or the ETag of an archive that holds the file. */
  scope: string
  /** What arrived. */
  delivered: WithDefault<ReceivedRanges>
  /** What was handed to connections and may not have arrived. */
  handovers: WithDefault<readonly Handover[]>
  /** Bytes that were handed to the network, repeated ones included. */
  handedOut: WithDefault<number>
  /**
   * Not 0: a transfer is under way or, when spent, may still prove lost. Its process renews it: another value each time
   * (`leases.ts`).
   */
  busyUntil: number
  /** The claim is spent when this passes. */
  expiresAt: number
  spent: WithDefault<boolean>
}

/** Images derived from a file's image, which go with its bytes. */
export interface VariantsTable {
  fileId: string
  /** What was asked for, as `specOf` writes it. */
  spec: string
  blobKey: string
  size: number
  type: string
  sha256: string
  createdAt: number
}

/** Invitations to add files to an upload, for whoever holds their token. */
export interface FileRequestsTable {
  id: string
  uploadId: string
  /** SHA-256, hexadecimal. */
  tokenHash: string
  /** What guests are told: who asks, and for what. */
  title: string
  comments: string
  /** Null: no limit. */
  maxFiles: number | null
  /** Of all its files together, as they were sent; null: no limit. */
  maxBytes: number | null
  createdAt: number
  /** Null: ends with the upload. */
  expiresAt: number | null
  revokedAt: number | null
}

/** Somebody with an account. */
export interface UsersTable {
  /** `provider:login`. */
  id: string
  provider: Provider
  login: string
  name: string
  email: string
  /** Null: the user logs in at a provider. */
  passwordHash: string | null
  isAdmin: boolean
  /** Of these three, 0 means the server's limit and -1 none. */
  maxFileSize: number
  maxUserSize: number
  maxTtlSeconds: number
  theme: string
  language: string
  createdAt: number
}

/** A key to somebody's account for programs. */
export interface TokensTable {
  /** The first 16 digits of the hash: it names the token and opens nothing. */
  id: string
  userId: string
  /** SHA-256, hexadecimal. */
  hash: string
  comment: string
  createdAt: number
}

export interface SessionsTable {
  /** SHA-256 of the cookie, hexadecimal. */
  id: string
  userId: string
  xsrfHash: string
  createdAt: number
  expiresAt: number
}

/** A command line program that waits for its user's approval. */
export interface CliLoginsTable {
  code: string
  secretHash: string
  hostname: string
  /** The user who approved it; null: not approved yet. */
  userId: string | null
  /** The comment of its future token. */
  comment: string
  expiresAt: number
}

/** Files, or parts of files, that are received over several requests. */
export interface ResumablesTable {
  /** SHA-256 of the secret in its URL, hexadecimal. */
  id: string
  status: 'open' | 'finished'
  /** Null: a part that becomes a file only together with others. */
  uploadId: string | null
  fileId: string | null
  /** The upload was made for it and goes with it. */
  ownsUpload: boolean
  /** Null: the blob already belongs to the finished file. */
  blobKey: string | null
  /** Bytes; null: not known yet. */
  length: number | null
  maxLength: number | null
  received: WithDefault<number>
  /** `PartialBlob.notes`; null: nothing was stored yet. */
  notes: WithDefault<string | null>
  /** As the client sent it, to be shown to it again. */
  metadata: string
  /** As the client sent it: what part it has in a concatenation; empty: none. */
  concat: string
  /** What the client says that the whole is, hexadecimal. */
  sha256: string | null
  createdAt: number
  expiresAt: number
  /** Who writes to it at the moment, and renews `leaseUntil` (`leases.ts`). */
  writer: WithDefault<string | null>
  leaseUntil: WithDefault<number>
  /** Another writer waits for the lease. */
  isWanted: WithDefault<boolean>
  /** An earlier writer did not release the lease, as when its process was frozen, and may write to the blob at any time. */
  isTorn: WithDefault<boolean>
  /** For a guest's part: the file request through which it is sent. */
  requestId: WithDefault<string | null>
  /** The user whose quota it uses; null: none. */
  userId: WithDefault<string | null>
  /** Bytes of that quota which it holds until it is finished or deleted. */
  reserved: WithDefault<number>
}

/** Counts of all time and of each of the last days. */
export interface ActivityTable {
  scope: ActivityScope
  /** Of a user, token, upload or file; empty for the others. */
  id: string
  /** Days since the epoch, UTC; 0: since ever. */
  day: number
  /** Copies of which the last byte was sent. */
  downloads: number
  downloadedBytes: number
  uploads: number
  uploadedBytes: number
  /** 0: never. */
  lastDownloadAt: number
  lastUploadAt: number
}

export type ActivityScope = 'server' | 'anonymous' | 'user' | 'token' | 'upload' | 'file'

/** Counts of all uploads ever made, by kind: `counter` is a key of Plik's usage JSON. */
export interface UsageTable {
  scope: ActivityScope
  id: string
  counter: string
  value: number
}

/** Uploads imported from Plik, kept after their removal, so that none is imported twice. */
export interface ImportedUploadsTable {
  id: string
  importedAt: number
}

/** The id that this database shares with its blob store; see `server/uploads/store-ownership.ts`. */
export interface StoresTable {
  name: 'blobs'
  id: string
}

type WithDefault<T> = ColumnType<T, T | undefined, T>
