import type { Insertable, Selectable } from 'kysely'
import type { FilesTable, Flag, UploadStatus, UploadsTable } from '../database/schema.ts'
import type { ImageReport, VideoReport } from '../images/pipeline/image.ts'
import type { Measured, StoredFile, Upload } from './upload.ts'

/** How uploads and files are written into columns, and read back. */

export function toUpload(row: Selectable<UploadsTable>): Upload {
  return {
    id: row.id,
    status: row.status,
    tokenHash: row.token_hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    startedAt: row.started_at,
    ttlSeconds: row.ttl_seconds,
    extendTtl: row.extend_ttl === 1,
    oneShot: row.one_shot === 1,
    removable: row.removable === 1,
    stream: row.stream === 1,
    normalize: row.normalize === 1,
    e2ee: row.e2ee,
    downloadLimit: row.download_limit,
    comments: row.comments,
    login: row.login,
    passwordHash: row.password_hash,
    sourceAddress: row.source_address,
    userId: row.user_id,
    tokenId: row.token_id,
  }
}

export function toUploadRow(upload: Upload): Insertable<UploadsTable> & { id: string; status: UploadStatus } {
  return {
    id: upload.id,
    status: upload.status,
    token_hash: upload.tokenHash,
    created_at: upload.createdAt,
    expires_at: upload.expiresAt,
    started_at: upload.startedAt,
    ttl_seconds: upload.ttlSeconds,
    extend_ttl: flag(upload.extendTtl),
    one_shot: flag(upload.oneShot),
    removable: flag(upload.removable),
    stream: flag(upload.stream),
    normalize: flag(upload.normalize),
    e2ee: upload.e2ee,
    download_limit: upload.downloadLimit,
    comments: upload.comments,
    login: upload.login,
    password_hash: upload.passwordHash,
    source_address: upload.sourceAddress,
    user_id: upload.userId,
    token_id: upload.tokenId,
  }
}

export function toFile(row: Selectable<FilesTable>): StoredFile {
  return {
    id: row.id,
    uploadId: row.upload_id,
    position: row.position,
    status: row.status,
    name: row.name,
    reference: row.reference,
    createdAt: row.created_at,
    type: row.type,
    size: row.size,
    md5: row.md5,
    sha256: row.sha256,
    crc32: row.crc32,
    blobKey: row.blob_key,
    uploadedAt: row.uploaded_at,
    claimsTaken: row.claims_taken,
    claimsSpent: row.claims_spent,
    image: row.image === null ? null : JSON.parse(row.image),
    heldBy: row.held_by,
    requestId: row.request_id,
    fault: row.fault,
  }
}

export function toFileRow(file: StoredFile, leaseUntil: number | null): Insertable<FilesTable> {
  return {
    id: file.id,
    upload_id: file.uploadId,
    position: file.position,
    status: file.status,
    name: file.name,
    reference: file.reference,
    created_at: file.createdAt,
    type: file.type,
    size: file.size,
    md5: file.md5,
    sha256: file.sha256,
    crc32: file.crc32,
    blob_key: file.blobKey,
    uploaded_at: file.uploadedAt,
    lease_until: file.status === 'uploading' ? leaseUntil : null,
    claims_taken: file.claimsTaken,
    claims_spent: file.claimsSpent,
    image: imageText(file.image),
    held_by: file.heldBy,
    request_id: file.requestId,
  }
}

export const measuredColumns = ({ blobKey, image, ...measured }: Measured) => ({
  ...measured,
  blob_key: blobKey,
  image: imageText(image),
})

/** As many as its sender sent. */
export const sentBytes = ({ image, size }: Measured): number =>
  image && 'originalSize' in image ? image.originalSize : size

const imageText = (image: ImageReport | VideoReport | null): string | null =>
  image === null ? null : JSON.stringify(image)

const flag = (value: boolean): Flag => (value ? 1 : 0)
