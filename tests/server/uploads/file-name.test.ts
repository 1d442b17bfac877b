import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cleanFileName, sameFileName } from '../../../server/uploads/file-name.ts'

const anyName = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '.',
      '/',
      '\\',
      ':',
      ' ',
      '\u200d',
      '\u200b',
      '\ufe0f',
      '\u0301',
      '👩',
      '%',
      '2',
      '?',
      '\ud800',
    ),
  }),
)

describe('cleanFileName', () => {
  test.each([
    'report.pdf',
    'a "quoted" name; with+signs & 100%.txt',
    'what? #1.txt',
    '.bashrc',
    'archive.tar.gz',
    '报告 2026.txt',
    'ملف.txt',
    '🎉.png',
    '👨‍👩‍👧 and 👩🏽‍💻 and 🏳️‍🌈.png',
    'a\\b.txt',
    '...',
  ])('an honest name stays as it is: %s', (name) => {
    expect(cleanFileName(name)).toBe(name)
  })

  test.each([
    ['/abs/p.txt', 'p.txt'],
    ['../../etc/passwd', 'passwd'],
    ['dir/', 'dir'],
    ['a/b//', 'b'],
  ])('%s is reduced to its last component, %s', (raw, name) => {
    expect(cleanFileName(raw)).toBe(name)
  })

  test.each([
    ['C:\\fakepath\\x.png', 'x.png'],
    ['c:\\x.png', 'x.png'],
    ['\\\\server\\share\\x.png', 'x.png'],
    ['C:\\mixed/path\\x.png', 'path\\x.png'],
  ])('the folders of a Windows path are dropped: %s is %s', (raw, name) => {
    expect(cleanFileName(raw)).toBe(name)
  })

  test.each([
    ['a\u0000b\u001f\u007f\u0085.txt', 'ab.txt'],
    ['gpj\u202Eexe.txt', 'gpjexe.txt'],
    ['\u2066a\u2069\u200f.txt', 'a.txt'],
    ['\ufeffa\u200bb\u200c\u2060\u00ad.txt', 'ab.txt'],
    ['a\u200db.txt', 'ab.txt'],
    ['line\u2028break.txt', 'linebreak.txt'],
  ])('invisible characters go: %j is %s', (raw, name) => {
    expect(cleanFileName(raw)).toBe(name)
  })

  test('white space around a name goes, inside it stays', () => {
    expect(cleanFileName(' \t a  b.txt\u3000\n')).toBe('a  b.txt')
  })

  test('a decomposed name, as macOS sends it, is composed', () => {
    expect(cleanFileName('u\u0308ber.txt')).toBe('\u00fcber.txt')
  })

  test('half a surrogate pair becomes a replacement character', () => {
    expect(cleanFileName('a\ud83d.txt')).toBe('a\ufffd.txt')
  })

  test.each(['', ' ', '.', '..', ' .. ', '/', '//', 'a/..', '.\u200b.', '\u202e', 'C:\\', 'x/ '])(
    '%j is no name',
    (raw) => {
      expect(cleanFileName(raw)).toBe('')
    },
  )

  test('a long name is left for the caller to refuse', () => {
    expect(cleanFileName('x'.repeat(1025))).toHaveLength(1025)
  })

  test('cleaning a clean name changes nothing', () => {
    fc.assert(
      fc.property(anyName, (raw) => {
        expect(cleanFileName(cleanFileName(raw))).toBe(cleanFileName(raw))
      }),
      { numRuns: 2000 },
    )
  })

  test('no cleaned name can lead elsewhere', () => {
    fc.assert(
      fc.property(anyName, (raw) => {
        expect(cleanFileName(raw)).not.toMatch(/\/|^\.\.?$|^\s|\s$|\p{Cc}|\p{Cs}/u)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('sameFileName', () => {
  test.each([
    ['a.txt', 'a.txt'],
    ['über.txt', 'u\u0308ber.txt'],
    ['a b.txt', 'a%20b.txt'],
    ['a"b.txt', 'a%22b.txt'],
    ['100%"sure".txt', '100%%22sure%22.txt'],
  ])('%s may be given as %s', (stored, given) => {
    expect(sameFileName(stored, given)).toBe(true)
  })

  test.each([
    ['what?.txt', 'what'],
    ['issue #1.txt', 'issue '],
    ['a%41.txt', 'aA.txt'],
    ['a%20b?c.txt', 'a b'],
    ['100%25.txt', '100%.txt'],
  ])('a client that escapes nothing asks for %s with %s', (stored, given) => {
    expect(sameFileName(stored, given)).toBe(true)
  })

  test.each([
    ['a.txt', 'b.txt'],
    ['a.txt', 'A.txt'],
    ['a.txt', 'a'],
    ['a.txt', ''],
    ['a?b.txt', 'b.txt'],
    ['a%zz.txt', 'a.txt'],
  ])('%s may not be given as %j', (stored, given) => {
    expect(sameFileName(stored, given)).toBe(false)
  })

  test('escapes that are not UTF-8 stay as they are', () => {
    expect(sameFileName('a%ff.txt', 'a%ff.txt')).toBe(true)
  })

  test('a name is the same whether it was cleaned, escaped or neither', () => {
    fc.assert(
      fc.property(anyName, (raw) => {
        const stored = cleanFileName(raw)
        expect([raw, stored, encodeURIComponent(stored)].map((given) => sameFileName(stored, given))).toEqual([
          true,
          true,
          true,
        ])
      }),
    )
  })
})
