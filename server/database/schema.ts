import type { ColumnType } from 'kysely'
import type { JobsSchema } from './schema-jobs.ts'

/**
 * Rows as both databases hand them out: text, integers, nothing else. Times are epoch ms, sizes bytes, flags 0 or 1.
 * The tables themselves are made by `migrations/`.
 */
export interface Schema extends JobsSchema {
  uploads: UploadsTable
  files: FilesTable
  manifests: ManifestsTable
  claims: ClaimsTable
  variants: VariantsTable
  file_requests: FileRequestsTable
  users: UsersTable
  tokens: TokensTable
  sessions: SessionsTable
  cli_logins: CliLoginsTable
  resumables: ResumablesTable
  activity: ActivityTable
  lifetime_usage: UsageTable
  imported_uploads: ImportedUploadsTable
  stores: StoresTable
}

export type Flag = 0 | 1

export interface UploadsTable {
  id: string
  status: UploadStatus
  /** SHA-256 of the upload token, hexadecimal. */
  token_hash: string
  created_at: number
  /** Null: never. */
  expires_at: number | null
  ttl_seconds: number
  /** When its first file was whole, from which its time counts; null: none was. */
  started_at: WithDefault<number | null>
  extend_ttl: Flag
  one_shot: Flag
  removable: Flag
  stream: Flag
  /** Complete copies that each file may be downloaded; null: no limit. One-shot uploads have 1. */
  download_limit: number | null
  comments: string
  login: string | null
  /** Argon2id, PHC string. */
  password_hash: string | null
  source_address: string
  /** Files that were ever added, removed ones included: the limit per upload counts them, as Plik's does. */
  file_count: WithDefault<number>
  /** Those of them that guests began to send and never finished: they don't count. */
  returned_slots: WithDefault<number>
  /** Images lose their metadata on the way in. */
  normalize: WithDefault<Flag>
  /** How the sender encrypted the files; null: not at all. */
  e2ee: WithDefault<'age' | null>
  /** Whose it is; null: nobody's. */
  user_id: WithDefault<string | null>
  /** The API token that created it, revoked or not. */
  token_id: WithDefault<string | null>
}

/**
 * - `pending`: a quick upload of several files that is still being received; nobody has its link
 * - `active`: can be read until it expires
 * - `expired`, `removed`: its files are on their way out
 */
export type UploadStatus = 'pending' | 'active' | 'expired' | 'removed'

export interface FilesTable {
  id: string
  upload_id: string
  /** Order within the upload, from 1. */
  position: number
  status: FileStatus
  name: string
  reference: string
  created_at: number
  /** As declared until the file is `uploaded`, then measured. */
  type: string
  size: number
  md5: WithDefault<string>
  sha256: WithDefault<string>
  crc32: WithDefault<number>
  blob_key: WithDefault<string | null>
  uploaded_at: WithDefault<number | null>
  /** While `uploading`: the writer renews it (`lease-watch.ts`). */
  lease_until: WithDefault<number | null>
  /** Of a limited file: claims taken so far, and how many of them are spent. */
  claims_taken: WithDefault<number>
  claims_spent: WithDefault<number>
  /** JSON: what was done to an image or a video (`ImageReport`, `VideoReport`); null: it is neither, or was left alone. */
  image: WithDefault<string | null>
  /** What a job found to be wrong with the bytes: they are gone, have another size, or another digest. */
  fault: WithDefault<FileFault | null>
  /** When the stored bytes were last compared with the digest. */
  verified_at: WithDefault<number | null>
  /** Of a stream while it waits for its reader: the address of the replica that holds the sender; null: it has none. */
  held_by: WithDefault<string | null>
  /** The request by which a guest added it; null: it is the uploader's own. */
  request_id: WithDefault<string | null>
  /** Who declared it before sending it: a user's id, or the address of an anonymous sender. */
  declared_by: WithDefault<string | null>
  /** Bytes that count against the request: set aside while it comes in, then as many as were sent. */
  request_bytes: WithDefault<number>
}

export type FileFault = 'missing' | 'size' | 'digest'

/** `missing → uploading → uploaded → removed → deleted`: removed is the decision, deleted means that the bytes are gone. */
export type FileStatus = 'missing' | 'uploading' | 'uploaded' | 'removed' | 'deleted'

export interface ManifestsTable {
  upload_id: string
  /** Base64url; only who has the upload's secret can read or make it. */
  sealed: string
}

export interface ClaimsTable {
  id: string
  file_id: string
  /** Hash of what identifies the downloader: its cookie, or its address and user agent. */
  holder: string
  /** What is downloaded: `file`, or the ETag of an archive that holds the file. */
  scope: string
  /** JSON: disjoint, sorted [first, last] byte positions that arrived. */
  delivered: WithDefault<string>
  /** JSON: what was handed to connections and may not have arrived, as `Handover[]`. */
  handovers: WithDefault<string>
  /** Bytes that were handed to the network, repeated ones included. */
  handed_out: WithDefault<number>
  /**
   * Not 0: a transfer is under way or, when spent, may still prove lost. Its process renews it: another value each time
   * (`lease-watch.ts`).
   */
  busy_until: number
  /** The claim is spent when this passes. */
  expires_at: number
  spent: WithDefault<Flag>
}

/** Images derived from a file's image. They go with its bytes. */
export interface VariantsTable {
  file_id: string
  /** What was asked for, as `specOf` writes it. */
  spec: string
  blob_key: string
  size: number
  type: string
  sha256: string
  created_at: number
}

/** Invitations to add files to an upload. */
export interface FileRequestsTable {
  id: string
  upload_id: string
  /** SHA-256, hexadecimal. */
  token_hash: string
  title: string
  comments: string
  /** Null: no limit, as for `max_bytes`. */
  max_files: number | null
  max_bytes: number | null
  created_at: number
  /** Null: ends with the upload. */
  expires_at: number | null
  revoked_at: number | null
}

export interface UsersTable {
  /** `provider:login`. */
  id: string
  provider: string
  login: string
  name: string
  email: string
  /** Null: logs in elsewhere. */
  password_hash: string | null
  is_admin: Flag
  /** Of these three, 0 means the server's limit and -1 none. */
  max_file_size: number
  max_user_size: number
  max_ttl_seconds: number
  theme: string
  language: string
  created_at: number
}

export interface TokensTable {
  /** The first 16 digits of the hash. */
  id: string
  user_id: string
  /** SHA-256, hexadecimal. */
  hash: string
  comment: string
  created_at: number
}

export interface SessionsTable {
  /** SHA-256 of the cookie, hexadecimal. */
  id: string
  user_id: string
  xsrf_hash: string
  created_at: number
  expires_at: number
}

/** A command line program that waits for somebody to approve it. */
export interface CliLoginsTable {
  code: string
  secret_hash: string
  hostname: string
  /** Who approved it; null: nobody yet. */
  user_id: string | null
  /** What its token is going to be called. */
  comment: string
  expires_at: number
}

/** Files, or parts of files, that come in over several requests. */
export interface ResumablesTable {
  /** SHA-256 of the secret in its URL, hexadecimal. */
  id: string
  status: 'open' | 'finished'
  /** Null: a part that becomes a file only together with others. */
  upload_id: string | null
  file_id: string | null
  /** The upload was made for it and goes with it. */
  owns_upload: Flag
  /** Null: the bytes belong to the file by now. */
  blob_key: string | null
  /** Bytes; null: not known yet. */
  length: number | null
  max_length: number | null
  received: WithDefault<number>
  /** `PartialBlob.notes`; null: nothing was stored yet. */
  notes: WithDefault<string | null>
  /** As the client sent it, to be shown to it again. */
  metadata: string
  concat: string
  /** What the client says that the whole is, hexadecimal. */
  sha256: string | null
  created_at: number
  expires_at: number
  /** Who writes to it at the moment, and renews `lease_until` (`lease-watch.ts`). */
  writer: WithDefault<string | null>
  lease_until: WithDefault<number>
  /** Another writer waits for this one to let go. */
  is_wanted: WithDefault<Flag>
  /** A writer before did not let go, and may still write to `blob_key`. */
  is_torn: WithDefault<Flag>
  /** By which request a guest sends this part. */
  request_id: WithDefault<string | null>
  /** Whose quota it uses; null: nobody's. */
  user_id: WithDefault<string | null>
  /** Bytes of that quota which it holds until it is finished or deleted. */
  reserved: WithDefault<number>
}

/** What was done, since ever and on each of the last days. */
export interface ActivityTable {
  scope: ActivityScope
  /** Of a user, token, upload or file; empty for the others. */
  id: string
  /** Days since the epoch, UTC; 0: since ever. */
  day: number
  /** Copies of which the last byte was sent. */
  downloads: number
  downloaded_bytes: number
  uploads: number
  uploaded_bytes: number
  /** 0: never. */
  last_download_at: number
  last_upload_at: number
}

export type ActivityScope = 'server' | 'anonymous' | 'user' | 'token' | 'upload' | 'file'

/** Everything that was ever uploaded, by kind: `counter` is a key of Plik's usage JSON. */
export interface UsageTable {
  scope: ActivityScope
  id: string
  counter: string
  value: number
}

/** Uploads that came from Plik, so that none comes twice, not even when it is gone by now. */
export interface ImportedUploadsTable {
  id: string
  imported_at: number
}

/** The id that this database shares with its blob store; see `server/uploads/store-ownership.ts`. */
export interface StoresTable {
  name: 'blobs'
  id: string
}

type WithDefault<T> = ColumnType<T, T | undefined, T>
