/** An image derived from a file's, as it is kept. */
export interface Variant {
  fileId: string
  /** What was asked for, as `specOf` writes it. */
  spec: string
  blobKey: string
  /** Bytes. */
  size: number
  type: string
  /** Hexadecimal. */
  sha256: string
  createdAt: number
}
