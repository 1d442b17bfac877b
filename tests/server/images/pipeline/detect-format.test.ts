import sharp from 'sharp'
import { expect, test } from 'vitest'
import { detectFormat, detectVideo, isAvifSequence } from '../../../../server/images/pipeline/detect-format.ts'

const small = () => sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
const head = (text: string) => Buffer.from(text, 'latin1')

test.for(['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const)(
  'a file that sharp wrote as %s is one',
  async (format) => {
    expect(detectFormat(await small().toFormat(format).toBuffer())).toBe(format)
  },
)

test.for([
  ['a JPEG without JFIF', '\xff\xd8\xff\xdb', 'jpeg'],
  ['a GIF of 1987', 'GIF87a', 'gif'],
  ['a little-endian TIFF', 'II*\0\x08\0\0\0', 'tiff'],
  ['a big-endian TIFF', 'MM\0*\0\0\0\x08', 'tiff'],
  ['a PNG whose line ends were converted', '\x89PNG\n\x1a\n', 'png'],
  ['an AVIF that says so second', '\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf', 'avif'],
  ['a BigTIFF', 'II+\0\x08\0\0\0', 'tiff'],
  ['a JPEG XL', '\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ', 'jxl'],
  ['a HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'heic'],
  ['a HEIC with avif behind its list of brands', '\0\0\0\x14ftypheic\0\0\0\0mif1avif', 'heic'],
] as const)('%s is recognised', ([, text, format]) => {
  expect(detectFormat(head(text))).toBe(format)
})

test.for<[string, string]>([
  ['nothing', ''],
  ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg">'],
  ['an MP4', '\0\0\0\x18ftypisom\0\0\0\0isomavc1'],
  ['a RIFF with sound', 'RIFF\x24\0\0\0WAVEfmt '],
  ['a PDF', '%PDF-1.7'],
  ['a page with a JPEG in it', '<html>\xff\xd8\xff\xe0'],
  ['a Panasonic raw image', 'IIU\0\x18\0\0\0'],
])('%s is not', ([, text]) => {
  expect(detectFormat(head(text))).toBe(undefined)
})

test.for<[string, string, string | undefined]>([
  ['an MP4', '\0\0\0\x18ftypisom\0\0\0\0isomavc1', 'mp4'],
  ['an iPhone’s', '\0\0\0\x14ftypqt  \0\0\0\0qt  ', 'mov'],
  ['one from before there were brands', '\0\0\0\x08wide\0\0\x10\0mdat', 'mov'],
  ['a 3GP', '\0\0\0\x14ftyp3gp5\0\0\0\x013gp5', '3gp'],
  ['a film of a shop', '\0\0\0\x14ftypM4V \0\0\0\x01M4V ', 'm4v'],
  ['a HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic', undefined],
  ['music', '\0\0\0\x14ftypM4A \0\0\0\0mp42', undefined],
  ['a raw image', '\0\0\0\x18ftypcrx \0\0\0\x01crx isom', undefined],
  ['a text', 'what moov is', undefined],
])('a video is told by its brand: %s', ([, text, format]) => {
  expect(detectVideo(head(text))).toBe(format)
})

test('an AVIF with a track of frames is told from one image', () => {
  expect(isAvifSequence(head('\0\0\0\x1cftypavis\0\0\0\0avifavismiaf'))).toBe(true)
  expect(isAvifSequence(head('\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf'))).toBe(false)
})
