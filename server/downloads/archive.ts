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
  return Buffer.concat([pack([0x04034b50, 4]), sharedFields(file, name, extra), name, extra])
}

function directoryHeader({ file, name, offset }: Entry): Buffer {
  const sizes = file.size >= MARK_32 ? [file.size, file.size] : []
  const extra = zip64Extra(offset >= MARK_32 ? [...sizes, offset] : sizes)
  const before = pack([0x02014b50, 4], [MADE_BY_UNIX | ZIP64_VERSION, 2])
  const after = pack(
    [0, 2], // length of the comment
    [0, 2], // disk
    [0, 2], // internal attributes
    [REGULAR_FILE_0644, 4],
    [Math.min(offset, MARK_32), 4],
  )
  return Buffer.concat([before, sharedFields(file, name, extra), after, name, extra])
}

/** The 26 bytes that a local header shares with its entry in the central directory. */
function sharedFields({ size, crc32, modifiedAt }: ArchiveFile, name: Buffer, extra: Buffer): Buffer {
  const [date, time] = dosDateTime(modifiedAt)
  return pack(
    [extra.length > 0 ? ZIP64_VERSION : 20, 2],
    [name.some((byte) => byte > 0x7f) ? UTF8_NAME : 0, 2],
    [0, 2], // method: stored
    [time, 2],
    [date, 2],
    [crc32, 4],
    [Math.min(size, MARK_32), 4], // compressed
    [Math.min(size, MARK_32), 4],
    [name.length, 2],
    [extra.length, 2],
  )
}

function zip64Extra(values: number[]): Buffer {
  if (values.length === 0) return Buffer.alloc(0)
  return pack([0x0001, 2], [8 * values.length, 2], ...values.map((value): Field => [value, 8]))
}

function endRecords(count: number, directorySize: number, directoryOffset: number): Buffer {
  const needsZip64 = count >= MARK_16 || directorySize >= MARK_32 || directoryOffset >= MARK_32
  const end = pack(
    [0x06054b50, 4],
    [0, 2], // this disk
    [0, 2], // disk of the directory
    [Math.min(count, MARK_16), 2], // on this disk
    [Math.min(count, MARK_16), 2],
    [Math.min(directorySize, MARK_32), 4],
    [Math.min(directoryOffset, MARK_32), 4],
    [0, 2], // length of the comment
  )
  return needsZip64 ? Buffer.concat([zip64EndRecords(count, directorySize, directoryOffset), end]) : end
}

function zip64EndRecords(count: number, directorySize: number, directoryOffset: number): Buffer {
  return pack(
    [0x06064b50, 4],
    [44, 8], // bytes of this record from here on
    [MADE_BY_UNIX | ZIP64_VERSION, 2],
    [ZIP64_VERSION, 2],
    [0, 4], // this disk
    [0, 4], // disk of the directory
    [count, 8], // on this disk
    [count, 8],
    [directorySize, 8],
    [directoryOffset, 8],
    [0x07064b50, 4], // the locator of this record
    [0, 4], // its disk
    [directoryOffset + directorySize, 8],
    [1, 4], // number of disks
  )
}

/** A resolution of two seconds, in UTC because the format has no time zone; dates out of range become 1980 or 2107. */
function dosDateTime(epochMs: number): [date: number, time: number] {
  const at = new Date(Math.min(Math.max(epochMs, Date.UTC(1980, 0)), Date.UTC(2108, 0) - 1))
  const date = ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1)
  return [date, time]
}

type Field = [value: number, bytes: 2 | 4 | 8]

/** Little-endian fields, concatenated. */
function pack(...fields: Field[]): Buffer {
  const packed = Buffer.alloc(fields.reduce((length, [, bytes]) => length + bytes, 0))
  let offset = 0
  for (const [value, bytes] of fields) {
    if (bytes === 8) packed.writeBigUInt64LE(BigInt(value), offset)
    else packed.writeUIntLE(value, offset, bytes)
    offset += bytes
  }
  return packed
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
