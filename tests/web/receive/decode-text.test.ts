import { describe, expect, test } from 'vitest'
import { decodeText } from '../../../web/src/receive/decode-text.ts'

const bytes = (...parts: (number[] | Uint8Array)[]): Uint8Array => new Uint8Array(parts.flatMap((part) => [...part]))
const utf16 = (text: string): Uint8Array => Buffer.from(text, 'utf16le')

describe('a text is read', () => {
  test.each([
    ['UTF-8', new TextEncoder().encode('你好, été'), '你好, été'],
    ['UTF-8 with a mark', bytes([0xef, 0xbb, 0xbf], new TextEncoder().encode('hi')), 'hi'],
    ['UTF-16, little end first', bytes([0xff, 0xfe], utf16('你好 a')), '你好 a'],
    ['UTF-16, big end first', bytes([0xfe, 0xff], Buffer.from(utf16('你好 a')).swap16()), '你好 a'],
    ['GBK', bytes([0xc4, 0xe3, 0xba, 0xc3, 0x20, 0x61]), '你好 a'],
    ['GB 18030', bytes([0xc4, 0xe3, 0x94, 0x39, 0xda, 0x33]), '你💩'],
    ['Windows-1252', bytes([0x63, 0x61, 0x66, 0xe9, 0x20, 0x80]), 'café €'],
    ['nothing', bytes([]), ''],
  ])('as %s', (_, given, expected) => {
    expect(decodeText(given, true)).toBe(expected)
  })

  test('where it was cut within a character', () => {
    expect(decodeText(new TextEncoder().encode('ab你').subarray(0, 4), false)).toBe('ab')
    expect(decodeText(bytes([0xc4, 0xe3, 0xba]), false)).toBe('你')
  })
})
