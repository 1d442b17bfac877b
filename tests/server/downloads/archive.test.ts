import { execFileSync } from 'node:child_process'
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Archive,
  type ArchiveFile,
  archiveEtag,
  layoutArchive,
  sliceArchive,
} from '../../../server/downloads/archive.ts'
import type { ByteRange } from '../../../storage/blob-store.ts'

const GiB = 1024 ** 3
const modifiedAt = Date.UTC(2026, 10, 23, 11, 21, 5)
const folder = mkdtempSync(join(tmpdir(), 'mayfly-archive-'))

afterAll(() => rmSync(folder, { recursive: true }))

/** A file whose key is its own content. */
function fileOf(name: string, content = ''): ArchiveFile {
  return { name, size: Buffer.byteLength(content), crc32: crc32(content), modifiedAt, key: content }
}

function sized(name: string, size: number): ArchiveFile {
  return { name, size, crc32: 0, modifiedAt, key: name }
}

function readParts(archive: Archive, range: ByteRange): Buffer {
  return Buffer.concat(
    sliceArchive(archive, range).map((part) =>
      part.kind === 'bytes' ? part.bytes : Buffer.from(part.key).subarray(part.start, part.end + 1),
    ),
  )
}

function zipOf(files: ArchiveFile[]): Buffer {
  const archive = layoutArchive(files)
  return readParts(archive, { start: 0, end: archive.size - 1 })
}

function saved(bytes: Buffer): string {
  const path = join(folder, `${crypto.randomUUID()}.zip`)
  writeFileSync(path, bytes)
  return path
}

/** Files whose bytes are holes: only what we know about is written. */
function savedSparse(archive: Archive): string {
  const path = join(folder, `${crypto.randomUUID()}.zip`)
  const descriptor = openSync(path, 'wx')
  ftruncateSync(descriptor, archive.size)
  for (const segment of archive.segments) {
    if (segment.kind === 'bytes') writeSync(descriptor, segment.bytes, 0, segment.bytes.length, segment.offset)
  }
  closeSync(descriptor)
  return path
}

/** Runs Python with the archive open as `z`, and answers what it makes of `expression`. */
function python(path: string, expression: string): unknown {
  const program = `import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nprint(json.dumps(${expression}))`
  return JSON.parse(execFileSync('python3', ['-c', program, path], { encoding: 'utf8' }))
}

const CONTENTS = '{i.filename: z.read(i).decode() for i in z.infolist()}'

describe('an archive', () => {
  test('is read back by unzip, whose own test of it passes', () => {
    const path = saved(zipOf([fileOf('a.txt', 'hello'), fileOf('empty.txt'), fileOf('folder/b.txt', 'world')]))

    expect(execFileSync('unzip', ['-t', path], { encoding: 'utf8' })).toContain('No errors detected')
    expect(execFileSync('unzip', ['-p', path, 'a.txt'], { encoding: 'utf8' })).toBe('hello')
    expect(execFileSync('unzip', ['-p', path, 'folder/b.txt'], { encoding: 'utf8' })).toBe('world')
  })

  test('unpacks into files that anyone may read and only the owner may write', () => {
    const target = join(folder, 'unpacked')

    execFileSync('unzip', ['-q', saved(zipOf([fileOf('folder/中文 🎉.txt', 'content')])), '-d', target])

    expect(readFileSync(join(target, 'folder/中文 🎉.txt'), 'utf8')).toBe('content')
    expect(execFileSync('stat', ['-c', '%a', join(target, 'folder/中文 🎉.txt')], { encoding: 'utf8' })).toBe('644\n')
  })

  test('is read back by Python, with names in any script', () => {
    const path = saved(
      zipOf([fileOf('plain.txt', 'a'), fileOf('中文.txt', '内容'), fileOf('🎉.txt', 'c'), fileOf('über.txt')]),
    )

    expect(python(path, 'z.testzip()')).toBeNull()
    expect(python(path, CONTENTS)).toEqual({ 'plain.txt': 'a', '中文.txt': '内容', '🎉.txt': 'c', 'über.txt': '' })
  })

  test('marks names as UTF-8 only where they are not ASCII, and needs no Zip64 reader', () => {
    const path = saved(zipOf([fileOf('plain.txt', 'a'), fileOf('中文.txt', 'b')]))

    expect(
      python(path, '[[i.flag_bits, i.extract_version, i.compress_type, len(i.extra)] for i in z.infolist()]'),
    ).toEqual([
      [0, 20, 0, 0],
      [0x800, 20, 0, 0],
    ])
  })

  test('has the time of its files in UTC, two seconds fine', () => {
    const path = saved(zipOf([fileOf('a.txt')]))

    expect(python(path, 'z.infolist()[0].date_time')).toEqual([2026, 11, 23, 11, 21, 4])
  })

  test('moves times that zip cannot express to its first and last', () => {
    const path = saved(
      zipOf([
        { ...fileOf('first'), modifiedAt: Date.UTC(1980, 0) },
        { ...fileOf('before'), modifiedAt: Date.UTC(1980, 0) - 1 },
        { ...fileOf('last'), modifiedAt: Date.UTC(2108, 0) - 1 },
        { ...fileOf('after'), modifiedAt: Date.UTC(2108, 0) },
      ]),
    )

    expect(python(path, '[i.date_time for i in z.infolist()]')).toEqual([
      [1980, 1, 1, 0, 0, 0],
      [1980, 1, 1, 0, 0, 0],
      [2107, 12, 31, 23, 59, 58],
      [2107, 12, 31, 23, 59, 58],
    ])
  })

  test('has safe and distinct names, whatever the files are called', () => {
    const path = saved(zipOf([fileOf('../a.txt', '1'), fileOf('A.txt', '2'), fileOf('/etc/passwd', '3')]))

    expect(python(path, CONTENTS)).toEqual({ 'a.txt': '1', 'A (2).txt': '2', 'etc/passwd': '3' })
  })

  test('is the same for the same files', () => {
    expect(zipOf([fileOf('a', 'b'), fileOf('c')])).toEqual(zipOf([fileOf('a', 'b'), fileOf('c')]))
  })

  test('of nothing is refused', () => {
    expect(() => layoutArchive([])).toThrow('nothing to archive')
  })

  test('has as few segments as it can: empty files and the directory join the header before them', () => {
    const archive = layoutArchive([
      fileOf('empty'),
      fileOf('a', 'hello'),
      fileOf('empty too'),
      fileOf('b', 'world'),
      fileOf('end'),
    ])

    expect(archive.segments.map(({ kind }) => kind)).toEqual(['bytes', 'file', 'bytes', 'file', 'bytes'])
  })

  test('has segments without gaps, up to its exact size', () => {
    const { segments, size } = layoutArchive([fileOf('a', 'hello'), fileOf('b'), fileOf('c', 'world')])
    const ends = segments.map(
      (segment) => segment.offset + (segment.kind === 'file' ? segment.size : segment.bytes.length),
    )

    expect([...segments.map(({ offset }) => offset), size]).toEqual([0, ...ends])
  })
})

describe('sliceArchive', () => {
  const anyFiles = fc.array(fc.tuple(fc.string(), fc.string()), { minLength: 1, maxLength: 5 })

  test('every range of an archive is that part of the whole', () => {
    fc.assert(
      fc.property(anyFiles, fc.nat(), fc.nat(), (contents, a, b) => {
        const files = contents.map(([name, content]) => fileOf(name, content))
        const archive = layoutArchive(files)
        const start = a % archive.size
        const end = start + (b % (archive.size - start))
        expect(readParts(archive, { start, end })).toEqual(zipOf(files).subarray(start, end + 1))
      }),
      { numRuns: 500 },
    )
  })

  test('archives of any names and contents pass the test of Python', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string()), { minLength: 1 }), (contents) => {
        const path = saved(zipOf(contents.map(([name, content]) => fileOf(name, content))))
        expect(python(path, '[z.testzip(), [z.read(i).decode() for i in z.infolist()]]')).toEqual([
          null,
          contents.map(([, content]) => content),
        ])
      }),
      { numRuns: 10 },
    )
  })

  test('reads a file from the first byte that is asked for to the last', () => {
    const archive = layoutArchive([fileOf('a', 'hello')])
    const fileStart = archive.segments[1]?.offset ?? 0

    expect(sliceArchive(archive, { start: fileStart + 1, end: fileStart + 3 })).toEqual([
      { kind: 'file', key: 'hello', start: 1, end: 3 },
    ])
  })

  test('reads nothing before or after a range that is exactly one file', () => {
    const archive = layoutArchive([fileOf('a', 'hello')])
    const fileStart = archive.segments[1]?.offset ?? 0

    expect(sliceArchive(archive, { start: fileStart, end: fileStart + 4 })).toEqual([
      { kind: 'file', key: 'hello', start: 0, end: 4 },
    ])
  })

  test('never reads an empty file', () => {
    const archive = layoutArchive([fileOf('a'), fileOf('b')])

    expect(sliceArchive(archive, { start: 0, end: archive.size - 1 }).map(({ kind }) => kind)).toEqual(['bytes'])
  })
})

describe('Zip64', () => {
  const LISTING = '[[i.filename, i.file_size, i.header_offset, i.extract_version] for i in z.infolist()]'

  test('is used from 4 GiB - 1 on, and not for a byte less', () => {
    const path = savedSparse(layoutArchive([sized('below', 0xfffffffe)]))
    const zip64Path = savedSparse(layoutArchive([sized('at', 0xffffffff)]))

    expect(python(path, LISTING)).toEqual([['below', 0xfffffffe, 0, 20]])
    expect(python(zip64Path, LISTING)).toEqual([['at', 0xffffffff, 0, 45]])
  })

  test('carries files and offsets beyond 4 GiB, and the small files behind them', () => {
    const archive = layoutArchive([sized('big', 5 * GiB), sized('small', 3), fileOf('empty')])
    const path = savedSparse(archive)
    const { offset } = archive.segments[3] ?? { offset: 0 }

    expect(python(path, LISTING)).toEqual([
      ['big', 5 * GiB, 0, 45],
      ['small', 3, 5 * GiB + 30 + 3 + 20, 45],
      ['empty', 0, 5 * GiB + 30 + 3 + 20 + 30 + 5 + 3, 45],
    ])
    expect(offset).toBe(5 * GiB + 30 + 3 + 20 + 30 + 5)
    expect(python(path, 'z.read("empty").decode()')).toBe('')
    expect(execFileSync('unzip', ['-l', path], { encoding: 'utf8' })).toContain('3 files')
    expect(execFileSync('unzip', ['-t', path, 'empty'], { encoding: 'utf8' })).toContain('No errors detected')
  })

  test('has room for the sizes in a local header from 4 GiB - 1 on, and not for a byte less', () => {
    expect(layoutArchive([sized('a', 0xfffffffe)]).segments[1]?.offset).toBe(30 + 1)
    expect(layoutArchive([sized('a', 0xffffffff)]).segments[1]?.offset).toBe(30 + 1 + 20)
  })

  test('knows the size of a 5 GiB file in its local header too', () => {
    const [first] = layoutArchive([sized('big', 5 * GiB)]).segments
    const header = first?.kind === 'bytes' ? first.bytes : Buffer.alloc(0)

    expect(header.readUInt32LE(18)).toBe(0xffffffff)
    expect(header.readUInt32LE(22)).toBe(0xffffffff)
    expect(header.subarray(33)).toEqual(Buffer.from('0100100000000040010000000000004001000000', 'hex'))
  })

  test('counts entries from 65535 on, and not for one less', () => {
    const names = (count: number) => Array.from({ length: count }, (_, i) => fileOf(`${i}`))
    const path = saved(zipOf(names(65_534)))
    const zip64Path = saved(zipOf(names(65_536)))
    const hasZip64 = '[len(z.namelist()), z.testzip(), b"PK\\x06\\x06" in open(sys.argv[1], "rb").read()]'

    expect(python(path, hasZip64)).toEqual([65_534, null, false])
    expect(python(saved(zipOf(names(65_535))), hasZip64)).toEqual([65_535, null, true])
    expect(python(zip64Path, hasZip64)).toEqual([65_536, null, true])
  })
})

describe('archiveEtag', () => {
  const file: ArchiveFile = { ...fileOf('a', 'hello'), sha256: 'aa' }

  test('is a strong tag that stays for the same files', () => {
    expect(archiveEtag([file])).toMatch(/^"[\w-]{43}"$/)
    expect(archiveEtag([{ ...file }])).toBe(archiveEtag([file]))
  })

  test.each([
    ['name', { name: 'b' }],
    ['size', { size: 6 }],
    ['crc32', { crc32: 1 }],
    ['sha256', { sha256: 'ab' }],
    ['modifiedAt', { modifiedAt: 0 }],
  ])('changes with the %s of a file', (_, change) => {
    expect(archiveEtag([{ ...file, ...change }])).not.toBe(archiveEtag([file]))
  })

  test('changes with the order of the files', () => {
    expect(archiveEtag([file, fileOf('b')])).not.toBe(archiveEtag([fileOf('b'), file]))
  })

  test('does not depend on where the bytes are stored', () => {
    expect(archiveEtag([{ ...file, key: 'elsewhere' }])).toBe(archiveEtag([file]))
  })
})
