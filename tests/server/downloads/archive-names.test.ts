import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entryNames } from '../../../server/downloads/archive-names.ts'

describe('entryNames', () => {
  test.each([
    'a.txt',
    'folder/sub/a.txt',
    '.bashrc',
    'a b (1).tar.gz',
    '中文 🎉.txt',
    'console.log',
    'com10.txt',
    'aux2',
  ])('an honest name stays as it is: %s', (name) => {
    expect(entryNames([name])).toEqual([name])
  })

  test.each([
    ['../../etc/passwd', 'etc/passwd'],
    ['/etc/passwd', 'etc/passwd'],
    ['a//b/./../c', 'a/b/c'],
    ['..\\..\\evil.exe', '.._.._evil.exe'],
    ['C:/windows/a.txt', 'C_/windows/a.txt'],
    ['C:\\windows\\a.txt', 'a.txt'],
    ['C:a.txt', 'C_a.txt'],
    ['what?<>:"|*.txt', 'what_______.txt'],
    ['a.txt::$DATA', 'a.txt__$DATA'],
    ['trailing. . ', 'trailing'],
    ['folder./a', 'folder/a'],
    ['line\nbreak\u0000.txt', 'linebreak.txt'],
    ['gpj\u202Eexe.txt', 'gpjexe.txt'],
    ['', 'unnamed'],
    ['..', 'unnamed'],
    ['...', 'unnamed'],
    ['/', 'unnamed'],
  ])('%j is made safe: %s', (name, safe) => {
    expect(entryNames([name])).toEqual([safe])
  })

  test.each([
    ['CON', 'CON_'],
    ['nul.txt', 'nul_.txt'],
    ['aux.tar.gz', 'aux_.tar.gz'],
    ['Com1', 'Com1_'],
    ['lpt9.txt', 'lpt9_.txt'],
    ['COM¹.txt', 'COM¹_.txt'],
    ['prn .txt', 'prn_ .txt'],
    ['con.', 'con_'],
    ['folder/aux/a.txt', 'folder/aux_/a.txt'],
  ])('%s, a device of Windows, becomes %s', (name, safe) => {
    expect(entryNames([name])).toEqual([safe])
  })

  test('duplicates are numbered before their extension', () => {
    expect(entryNames(['a.txt', 'a.txt', 'a.txt', 'b', 'b', 'd/.x', 'd/.x'])).toEqual([
      'a.txt',
      'a (2).txt',
      'a (3).txt',
      'b',
      'b (2)',
      'd/.x',
      'd/.x (2)',
    ])
  })

  test('a number that another file has, before or after, is passed over', () => {
    expect(entryNames(['a.txt', 'a.txt', 'a (2).txt'])).toEqual(['a.txt', 'a (3).txt', 'a (2).txt'])
    expect(entryNames(['a (2).txt', 'a.txt', 'a.txt'])).toEqual(['a (2).txt', 'a.txt', 'a (3).txt'])
  })

  test('names that differ only in case or composition are duplicates', () => {
    expect(entryNames(['a.txt', 'A.TXT', 'Straße', 'STRASSE'])).toEqual(['a.txt', 'A (2).TXT', 'Straße', 'STRASSE (2)'])
    expect(entryNames(['\u00fcber', 'u\u0308ber'])).toEqual(['\u00fcber', '\u00fcber (2)'])
  })

  test('names that became equal by cleaning are duplicates', () => {
    expect(entryNames(['a?', 'a*', 'a_'])).toEqual(['a_', 'a_ (2)', 'a_ (3)'])
  })

  test('what the page puts for a slash is a folder again, and leads nowhere else', () => {
    expect(entryNames(['a\u2215b.txt', '..\u2215..\u2215etc', '\u2215x'])).toEqual(['a/b.txt', 'etc', 'x'])
  })

  test('a file that is named as a folder makes way', () => {
    expect(entryNames(['a', 'A/b', 'A/b/c'])).toEqual(['a (2)', 'A/b (2)', 'A/b/c'])
  })

  test('240 bytes are kept, more are cut before the extension and within no character', () => {
    expect(entryNames([`${'x'.repeat(236)}.txt`])).toEqual([`${'x'.repeat(236)}.txt`])
    expect(entryNames([`${'x'.repeat(237)}.txt`])).toEqual([`${'x'.repeat(236)}.txt`])
    expect(entryNames([`${'中'.repeat(300)}.pdf`])).toEqual([`${'中'.repeat(78)}.pdf`])
    expect(entryNames([`a.${'x'.repeat(300)}`])).toEqual([`a.${'x'.repeat(238)}`])
  })

  test('thousands of files of one name are numbered in no time', () => {
    expect(entryNames(Array(50_000).fill('a.txt')).at(-1)).toBe('a (50000).txt')
  })

  test('any names come out safe, distinct, and stay so', () => {
    const unit = fc.constantFrom(
      'a',
      'A',
      'ä',
      '.',
      '/',
      '\\',
      ':',
      ' ',
      '(',
      '2',
      ')',
      '\u0308',
      '\u0000',
      'c',
      'o',
      'n',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit, maxLength: 6 }))), (names) => {
        const safe = entryNames(names)
        const folded = safe.map((name) => name.normalize('NFC').toLowerCase())
        expect(new Set(folded).size).toBe(names.length)
        expect(safe.filter((name) => /^\/|[\\<>:"|?*]|(^|\/)(\.*|con)(\/|$)|[. ](\/|$)|\p{Cc}/iu.test(name))).toEqual(
          [],
        )
        expect(entryNames(safe)).toEqual(safe)
      }),
      { numRuns: 1000 },
    )
  })
})
