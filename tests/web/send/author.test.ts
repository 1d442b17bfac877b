import { deflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { namesAuthor } from '../../../web/src/send/author.ts'

const blobOf = (...parts: (string | Buffer)[]): Blob =>
  new Blob([new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string, 'latin1'))))])

/** A zip of one file, deflated, behind another one that has no content. */
function office(core: string, name = 'docProps/core.xml'): Blob {
  const content = deflateRawSync(core)
  const local = header(0x04034b50, 30, { 8: 8, 18: content.length, 26: name.length })
  const central = header(0x02014b50, 46, { 10: 8, 20: content.length, 28: name.length })
  const end = header(0x06054b50, 22, {
    10: 1,
    12: central.length + name.length,
    16: local.length + name.length + content.length,
  })
  return blobOf(local, name, content, central, name, end, 'a comment')
}

function header(signature: number, length: number, fields: Record<number, number>): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.writeUInt32LE(signature, 0)
  for (const [at, value] of Object.entries(fields)) bytes.writeUInt16LE(value, Number(at))
  return bytes
}

const core = (properties: string): string => `<?xml version="1.0"?><cp:coreProperties>${properties}</cp:coreProperties>`

describe('a document', () => {
  test.each([
    ['a PDF', blobOf('%PDF-1.4 1 0 obj << /Author (Anna Person) >>')],
    ['a PDF in UTF-16', blobOf('%PDF-1.4 1 0 obj << /Author <FEFF0041> >>')],
    ['a PDF by its XMP', blobOf('%PDF-1.7 <dc:creator> <rdf:Seq> <rdf:li xml:lang="de">Anna</rdf:li>')],
    ['a large PDF at its end', blobOf('%PDF-1.4', Buffer.alloc(17_000_000), '/Author(Anna)')],
    ['an Office file', office(core('<dc:title>x</dc:title><dc:creator>Anna</dc:creator>'))],
    ['an Office file by who changed it last', office(core('<dc:creator/><cp:lastModifiedBy>Anna</cp:lastModifiedBy>'))],
  ])('names its author: %s', async (_, file) => {
    expect(await namesAuthor(file)).toBe(true)
  })

  test.each([
    ['a PDF', blobOf('%PDF-1.4 << /Author () /Title (Anna) >> << /Author <FEFF> >> << /Author (\xfe\xff) >>')],
    ['an Office file', office(core('<dc:creator></dc:creator><cp:lastModifiedBy> </cp:lastModifiedBy>'))],
    ['a zip of something else', office(core('<dc:creator>Anna</dc:creator>'), 'core.xml')],
    ['a zip that is cut off', blobOf('PK\x03\x04', Buffer.alloc(100))],
    ['a text', blobOf('/Author (Anna)')],
    ['nothing', blobOf()],
  ])('names none: %s', async (_, file) => {
    expect(await namesAuthor(file)).toBe(false)
  })
})
