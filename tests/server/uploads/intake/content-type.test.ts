import { describe, expect, test } from 'vitest'
import { servedContentType, sniffContentType } from '../../../../server/uploads/intake/content-type.ts'

const sniff = (latin1: string) => sniffContentType(Buffer.from(latin1, 'latin1'))

describe('sniffContentType', () => {
  test.each([
    'Hello',
    '{"a": 1}',
    'console.log(1)',
    'body { color: red }',
    '<svg xmlns="http://www.w3.org/2000/svg"/>',
    ' \n\t',
    'colour \x1b[31m',
    'caf\xe9',
    '<htmlx>',
    '<!--comment',
    '<!DOCTYPE HTML',
    'a<?xml',
    'GIF88a',
    '\xef\xbb\xbf',
    '\xfe\xffa',
    '\xef\xbb\xbfText',
  ])('%j is text', (head) => {
    expect(sniff(head)).toBe('text/plain; charset=utf-8')
  })

  test.each([
    '<HtMl><bOdY>',
    '   <!DOCTYPE HTML>...',
    '\r\n\f<html>',
    '<p >',
    '<!-- x',
    '<script>',
    '<a href=x>',
    '<h1>',
  ])('%j is HTML', (head) => {
    expect(sniff(head)).toBe('text/html; charset=utf-8')
  })

  test.each(['<?xml version="1.0"?><svg/>', '\n<?xml!'])('%j is XML', (head) => {
    expect(sniff(head)).toBe('text/xml; charset=utf-8')
  })

  test.each([
    ['\x89PNG\r\n\x1a\n', 'image/png'],
    ['\xff\xd8\xff\xe0', 'image/jpeg'],
    ['GIF87a', 'image/gif'],
    ['GIF89a...', 'image/gif'],
    ['RIFF\x01\x02\x03\x04WEBPVP8 ', 'image/webp'],
    ['BMxx', 'image/bmp'],
    ['\x00\x00\x01\x00', 'image/x-icon'],
    ['\x00\x00\x02\x00', 'image/x-icon'],
    ['\x00\x00\x00\x1cftypavif\x00\x00\x00\x00', 'image/avif'],
    ['ID3\x03', 'audio/mpeg'],
    ['RIFF\x01\x02\x03\x04WAVEfmt', 'audio/wave'],
    ['FORM\x01\x02\x03\x04AIFF', 'audio/aiff'],
    ['MThd\x00\x00\x00\x06', 'audio/midi'],
    ['OggS\x00', 'application/ogg'],
    ['RIFF\x01\x02\x03\x04AVI LIST', 'video/avi'],
    ['\x1a\x45\xdf\xa3', 'video/webm'],
    ['\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom<\x06t\xbfmdat', 'video/mp4'],
    ['\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41', 'video/mp4'],
    ['\x00\x01\x00\x00', 'font/ttf'],
    ['OTTO', 'font/otf'],
    ['ttcf', 'font/collection'],
    ['wOFF', 'font/woff'],
    ['wOF2', 'font/woff2'],
    [`${'\x00'.repeat(34)}LP`, 'application/vnd.ms-fontobject'],
    ['\x1f\x8b\x08', 'application/x-gzip'],
    ['PK\x03\x04', 'application/zip'],
    ['Rar!\x1a\x07\x00', 'application/x-rar-compressed'],
    ['Rar!\x1a\x07\x01\x00', 'application/x-rar-compressed'],
    ['\x00asm', 'application/wasm'],
    ['%PDF-1.7', 'application/pdf'],
    ['%!PS-Adobe-3.0', 'application/postscript'],
    ['\xfe\xff\x00a', 'text/plain; charset=utf-16be'],
    ['\xff\xfea\x00', 'text/plain; charset=utf-16le'],
  ])('%j is recognised', (head, type) => {
    expect(sniff(head)).toBe(type)
  })

  test.each([
    '\x01\x02\x03',
    'text with a \x00',
    '\x89PNG\r\n\x1a',
    'RIFF\x01\x02\x03\x04NONE',
    '\x00\x00\x00\x18ftypqt  \x00\x00\x02\x00qt      ',
    '\x00\x00\x00\x10ftypisommp42',
    '\x00\x00\x00\x19ftypmp42\x00\x00\x00\x00mp42isom.....',
    '\x00\x00\x01\x18ftypmp42\x00\x00\x00\x00mp42',
    '\x00\x00\x00\x00ftypmp42',
    '\x00\x00\x00\x08ftyp',
  ])('%j is unknown', (head) => {
    expect(sniff(head)).toBe('application/octet-stream')
  })

  test('an empty file has no type', () => {
    expect(sniff('')).toBe('')
  })

  test('an MP4 whose first box is 256 bytes long is an icon, as in Go', () => {
    expect(sniff(`\x00\x00\x01\x00ftypmp42${'\x00'.repeat(244)}`)).toBe('image/x-icon')
  })

  test('byte 512 counts and byte 513 does not', () => {
    expect(sniff(`${'a'.repeat(511)}\x00`)).toBe('application/octet-stream')
    expect(sniff(`${'a'.repeat(512)}\x00`)).toBe('text/plain; charset=utf-8')
  })
})

describe('servedContentType', () => {
  test.each([
    'image/png',
    'image/jpeg',
    'image/avif',
    'audio/mpeg',
    'video/mp4',
    'application/ogg',
    'application/zip',
    'application/x-gzip',
    'text/plain; charset=utf-8',
    'text/plain; charset=utf-16le',
  ])('%s is inert and served as it is', (stored) => {
    expect(servedContentType(stored, 'name')).toBe(stored)
  })

  test.each([
    'text/html; charset=utf-8',
    'TEXT/HTML',
    'text/xml; charset=utf-8',
    'image/svg+xml',
    'IMAGE/SVG+XML',
    'application/xhtml+xml',
    'application/javascript',
    'text/javascript',
    'text/css',
    'application/json',
    'image/png, text/html',
    'image/png; x=text/html',
  ])('%s is shown as text', (stored) => {
    expect(servedContentType(stored, 'name')).toBe('text/plain; charset=utf-8')
  })

  test.each([
    '',
    'application/pdf',
    'application/x-shockwave-flash',
    'application/postscript',
    'application/wasm',
    'font/woff2',
    'application/octet-stream',
    'image/png\r\nX-Evil: 1',
    'nonsense',
  ])('%j is served as plain bytes', (stored) => {
    expect(servedContentType(stored, 'name')).toBe('application/octet-stream')
  })

  test('letter case does not matter', () => {
    expect(servedContentType(' Image/PNG ', 'name')).toBe('image/png')
  })

  test.each([
    ['report.docx', 'application/zip', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['BOOK.EPUB', 'application/zip', 'application/epub+zip'],
    ['app.apk', 'application/zip', 'application/vnd.android.package-archive'],
    ['table.csv', 'text/plain; charset=utf-8', 'text/csv; charset=utf-8'],
    ['a.zip', 'application/zip', 'application/zip'],
    ['a.html', 'application/zip', 'application/zip'],
    ['a.constructor', 'application/zip', 'application/zip'],
    ['docx', 'application/zip', 'application/zip'],
    ['a.docx', 'text/plain; charset=utf-8', 'text/plain; charset=utf-8'],
    ['a.csv', 'text/html; charset=utf-8', 'text/plain; charset=utf-8'],
    ['a.csv', 'application/octet-stream', 'application/octet-stream'],
    ['a.apk', 'image/png', 'image/png'],
  ])('%s that was sniffed as %s is served as %s', (name, stored, served) => {
    expect(servedContentType(stored, name)).toBe(served)
  })
})
