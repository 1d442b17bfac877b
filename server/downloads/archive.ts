import { hash } from 'node:crypto'
import type { ByteRange } from '../../storage/blob-store.ts'
import { AppError } from '../lib/errors.ts'
import { entryNames } from './archive-names.ts'

/** A file to put into an archive. Its name may be anything: `entryNames` makes it safe. */
export interface ArchiveFile {
  name: string
  /** Bytes. */
  size: number
  crc32: number
  /** Epoch milliseconds. */
  modifiedAt: number
  /** The blob key; only passed through. */
  key: string
  sha256?: string | undefined
}

/** A part of an archive, beginning at `offset`: known bytes, or a whole file. Never empty. */
export type Segment =
  | { kind: 'bytes'; offset: number; bytes: Buffer }
  | { kind: 'file'; offset: number; size: number; key: string }

export interface Archive {
  /** Bytes. */
  size: number
  /** In order, without gaps; two `bytes` segments never follow each other. */
  segments: Segment[]
}

/** What to send: bytes, or a part of a file whose positions are inclusive. */
export type ArchivePart = { kind: 'bytes'; bytes: Buffer } | ({ kind: 'file'; key: string } & ByteRange)

/** From this value on, a 32 or 16 bit field refers to the Zip64 record (APPNOTE.TXT 6.3.10, §4.4.1.4). */
const MARK_32 = 0xffffffff
const MARK_16 = 0xffff

const ZIP64_VERSION = 45
const MADE_BY_UNIX = 3 << 8
const REGULAR_FILE_0644 = 0o100644 * 0x1_0000
const UTF8_NAME = 1 << 11

/** Part of every archive's ETag. Change it whenever the same files would produce other bytes. */
const LAYOUT = 'mayfly zip 1'

/**
 * Lays out a zip of stored (uncompressed) files. Sizes and CRC-32 are known, so the position of every byte follows
 * without reading any. The same files produce the same bytes. Throws `bad_request`, worded as in Plik, if there are no
 * files.
 */
export function layoutArchive(files: readonly ArchiveFile[]): Archive {
  if (files.length === 0) throw new AppError('archive_empty')
  const entries = placeEntries(files)
  const directory = Buffer.concat(entries.map(directoryHeader))
  const directoryOffset = entries.reduce((end, { header, file }) => end + header.length + file.size, 0)
  const end = endRecords(entries.length, directory.length, directoryOffset)
  return joinPieces([...entries.flatMap(({ header, file }) => [header, file]), directory, end])
}

/** The parts of `archive` that hold the bytes of `range`, in order. The range must lie within the archive. */
export function sliceArchive({ segments }: Archive, { start, end }: ByteRange): ArchivePart[] {
  return segments
    .filter((segment) => segment.offset <= end && segment.offset + sizeOf(segment) > start)
    .map((segment) => {
      const first = Math.max(start - segment.offset, 0)
      const last = Math.min(end - segment.offset, sizeOf(segment) - 1)
      return segment.kind === 'file'
        ? { kind: 'file', key: segment.key, start: first, end: last }
        : { kind: 'bytes', bytes: segment.bytes.subarray(first, last + 1) }
    })
}

/** Returns a strong ETag, with its quotes, over everything that determines the bytes of the archive. */
export function archiveEtag(files: readonly ArchiveFile[]): string {
  const facts = files.map(({ name, size, crc32, sha256, modifiedAt }) => [name, size, crc32, sha256 ?? '', modifiedAt])
  return `"${hash('sha256', JSON.stringify([LAYOUT, facts]), 'base64url')}"`
}

interface Entry {
  file: ArchiveFile
  name: Buffer
  /** Position of its local header. */
  offset: number
  header: Buffer
}

function placeEntries(files: readonly ArchiveFile[]): Entry[] {
  const names = entryNames(files.map(({ name }) => name))
  let offset = 0
  return files.map((file, i) => {
    const name = Buffer.from(names[i] ?? '')
    const entry = { file, name, offset, header: localHeader(file, name) }
    offset += entry.header.length + file.size
    return entry
  })
}

function localHeader(file: ArchiveFile, name: Buffer): Buffer {
  const extra = zip64Extra(file.size >= MARK_32 ? [file.size, file.size] : [])
  const header = new Fields(30 + name.length + extra.length).u32(0x04034b50)
  return sharedFields(header, file, name, extra).bytes(name).bytes(extra).done()
}

function directoryHeader({ file, name, offset }: Entry): Buffer {
  const sizes = file.size >= MARK_32 ? [file.size, file.size] : []
  const extra = zip64Extra(offset >= MARK_32 ? [...sizes, offset] : sizes)
  const header = new Fields(46 + name.length + extra.length).u32(0x02014b50).u16(MADE_BY_UNIX | ZIP64_VERSION)
  return sharedFields(header, file, name, extra)
    .u16(0) // length of the comment
    .u16(0) // disk
    .u16(0) // internal attributes
    .u32(REGULAR_FILE_0644)
    .u32(Math.min(offset, MARK_32))
    .bytes(name)
    .bytes(extra)
    .done()
}

/** The 26 bytes that a local header shares with its entry in the central directory. */
function sharedFields(header: Fields, { size, crc32, modifiedAt }: ArchiveFile, name: Buffer, extra: Buffer): Fields {
  const [date, time] = dosDateTime(modifiedAt)
  return header
    .u16(extra.length > 0 ? ZIP64_VERSION : 20)
    .u16(name.some((byte) => byte > 0x7f) ? UTF8_NAME : 0)
    .u16(0) // method: stored
    .u16(time)
    .u16(date)
    .u32(crc32)
    .u32(Math.min(size, MARK_32)) // compressed
    .u32(Math.min(size, MARK_32))
    .u16(name.length)
    .u16(extra.length)
}

const NOTHING = Buffer.alloc(0)

function zip64Extra(values: number[]): Buffer {
  if (values.length === 0) return NOTHING
  const fields = new Fields(4 + 8 * values.length).u16(0x0001).u16(8 * values.length)
  for (const value of values) fields.u64(value)
  return fields.done()
}

function endRecords(count: number, directorySize: number, directoryOffset: number): Buffer {
  const needsZip64 = count >= MARK_16 || directorySize >= MARK_32 || directoryOffset >= MARK_32
  const end = new Fields(22)
    .u32(0x06054b50)
    .u16(0) // this disk
    .u16(0) // disk of the directory
    .u16(Math.min(count, MARK_16)) // on this disk
    .u16(Math.min(count, MARK_16))
    .u32(Math.min(directorySize, MARK_32))
    .u32(Math.min(directoryOffset, MARK_32))
    .u16(0) // length of the comment
    .done()
  return needsZip64 ? Buffer.concat([zip64EndRecords(count, directorySize, directoryOffset), end]) : end
}

function zip64EndRecords(count: number, directorySize: number, directoryOffset: number): Buffer {
  return new Fields(76)
    .u32(0x06064b50)
    .u64(44) // bytes of this record from here on
    .u16(MADE_BY_UNIX | ZIP64_VERSION)
    .u16(ZIP64_VERSION)
    .u32(0) // this disk
    .u32(0) // disk of the directory
    .u64(count) // on this disk
    .u64(count)
    .u64(directorySize)
    .u64(directoryOffset)
    .u32(0x07064b50) // the locator of this record
    .u32(0) // its disk
    .u64(directoryOffset + directorySize)
    .u32(1) // number of disks
    .done()
}

/** A resolution of two seconds, in UTC because the format has no time zone; dates out of range become 1980 or 2107. */
function dosDateTime(epochMs: number): [date: number, time: number] {
  const at = new Date(Math.min(Math.max(epochMs, Date.UTC(1980, 0)), Date.UTC(2108, 0) - 1))
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  return [date, time]
}

/** Writes little-endian fields into a buffer of exactly their size. */
class Fields {
  readonly #buffer: Buffer
  #offset = 0

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size)
  }

  u16(value: number): this {
    this.#offset = this.#buffer.writeUInt16LE(value, this.#offset)
    return this
  }

  u32(value: number): this {
    this.#offset = this.#buffer.writeUInt32LE(value, this.#offset)
    return this
  }

  u64(value: number): this {
    this.#offset = this.#buffer.writeBigUInt64LE(BigInt(value), this.#offset)
    return this
  }

  bytes(source: Buffer): this {
    this.#offset += source.copy(this.#buffer, this.#offset)
    return this
  }

  done(): Buffer {
    if (this.#offset !== this.#buffer.length) throw new Error('fields of another size than announced')
    return this.#buffer
  }
}

/** Adjacent bytes become one segment, so that they are written at once. */
function joinPieces(pieces: (Buffer | ArchiveFile)[]): Archive {
  const segments: Segment[] = []
  let size = 0
  let literals: Buffer[] = []
  const flush = () => {
    if (literals.length === 0) return
    const bytes = Buffer.concat(literals)
    segments.push({ kind: 'bytes', offset: size - bytes.length, bytes })
    literals = []
  }
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) literals.push(piece)
    else if (piece.size > 0) {
      flush()
      segments.push({ kind: 'file', offset: size, size: piece.size, key: piece.key })
    }
    size += Buffer.isBuffer(piece) ? piece.length : piece.size
  }
  flush()
  return { size, segments }
}

const sizeOf = (segment: Segment): number => (segment.kind === 'file' ? segment.size : segment.bytes.length)
