import { describe, expect, test } from 'vitest'
import { createUpload, fileForm, givenFile } from '../../helpers/client.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { get } from './ask.ts'

const app = sharedApp()

const TEXT = 'text/plain; charset=utf-8'
const BYTES = 'application/octet-stream'

const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'latin1'))

describe('uploaded content is never served as something that runs', () => {
  test.each([
    ['page.html', '<!DOCTYPE html><script>alert(1)</script>', TEXT],
    ['page.HTM', '\n\n  <HtMl><body onload=alert(1)>', TEXT],
    ['page.xhtml', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><script/></html>', TEXT],
    ['image.svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', TEXT],
    ['image.svg', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', TEXT],
    ['feed.xml', '<?xml version="1.0"?><?xml-stylesheet href="evil.xsl"?><a/>', TEXT],
    ['script.js', 'alert(1)', TEXT],
    ['module.mjs', 'export default 1', TEXT],
    ['style.css', 'body { background: url(//evil) }', TEXT],
    ['data.json', '{"a":1}', TEXT],
    ['manifest.webmanifest', '{"start_url":"/"}', TEXT],
    ['mail.mht', 'MIME-Version: 1.0\nContent-Type: text/html\n', TEXT],
    ['paper.pdf', '%PDF-1.7\n', BYTES],
    ['flash.swf', 'FWS\x09\x00\x00\x00\x00', BYTES],
    ['flash.swf', 'CWS\x09\x00\x00\x00\x00', BYTES],
    ['code.wasm', '\x00asm\x01\x00\x00\x00', BYTES],
    ['print.ps', '%!PS-Adobe-3.0', BYTES],
    ['program.exe', 'MZ\x90\x00\x03\x00', BYTES],
  ])('%s that begins with %j', async (name, content, type) => {
    const { url } = await givenFile(app, {}, bytes(content), name)

    const { headers, body } = await get(url)

    expect(headers['content-type']).toBe(type)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*sandbox$/)
    expect(body.toString('latin1')).toBe(content)
  })

  test.each([
    ['an image by its name', 'cat.png', '<html><script>alert(1)</script>', TEXT],
    ['a page by its name', 'page.html', '\x89PNG\r\n\x1a\n', 'image/png'],
    ['a video by its name', 'film.mp4', '%PDF-1.4', BYTES],
    ['a page behind an image', 'cat.gif', 'GIF89a<script>alert(1)</script>', 'image/gif'],
  ])('%s: its first bytes decide', async (_, name, content, type) => {
    const { url } = await givenFile(app, {}, bytes(content), name)

    expect((await get(url)).headers['content-type']).toBe(type)
  })

  test.each(['text/html', 'image/svg+xml', 'TEXT/HTML; charset=x', 'image/png, text/html', 'text/xsl'])(
    'a file that was declared as %s',
    async (fileType) => {
      const upload = await createUpload(app, { files: [{ fileName: 'a.bin', fileType, fileSize: 3 }] })
      const url = `${app.url}/file/${upload.id}/${upload.files?.[0]?.id}/a.bin`
      const headers = { 'X-UploadToken': upload.uploadToken }
      await fetch(url, { method: 'POST', headers, body: fileForm(bytes('\x00\x01\x02'), 'a.bin') })

      expect((await get(url)).headers['content-type']).toBe(BYTES)
      expect((await get(url)).headers['content-length']).toBe('3')
    },
  )

  test('however it is asked for', async () => {
    const { url } = await givenFile(app, {}, '<html><script>alert(1)</script>', 'page.html')

    const part = await get(url, { Range: 'bytes=6-', Accept: 'text/html', 'Sec-Fetch-Dest': 'document' })

    expect(part.status).toBe(206)
    expect(part.headers['content-type']).toBe(TEXT)
    expect(part.headers['content-security-policy']).toContain('sandbox')
  })
})

describe('images, sound and video are served as such', () => {
  test.each([
    ['a.png', '\x89PNG\r\n\x1a\n', 'image/png'],
    ['a.jpg', '\xff\xd8\xff\xe0', 'image/jpeg'],
    ['a.webp', 'RIFF\x00\x00\x00\x00WEBPVP8 ', 'image/webp'],
    ['a.mp3', 'ID3\x04', 'audio/mpeg'],
    ['a.webm', '\x1a\x45\xdf\xa3', 'video/webm'],
    ['a.zip', 'PK\x03\x04', 'application/zip'],
  ])('%s', async (name, content, type) => {
    const { url } = await givenFile(app, {}, bytes(content), name)

    const { headers } = await get(url)

    expect(headers['content-type']).toBe(type)
    expect(headers['content-security-policy']).toContain('sandbox')
  })
})
