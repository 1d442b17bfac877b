import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { FORM_TYPE, form, part } from '../../helpers/form.ts'
import type { TestApp } from '../../helpers/make-app.ts'
import { sendRaw } from '../../helpers/raw-http.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { createRequest } from '../file-requests/given.ts'
import { metadata } from '../resumable/tus-requests.ts'

/** Names that lead elsewhere or pretend to be something else have the same result on every route (P25). */

/** Undefined: refused. */
const NAMES: [what: string, given: string, stored: string | undefined][] = [
  ['a way up', '../../x.txt', 'x.txt'],
  ['nothing but a way up', '..', undefined],
  ['an absolute path', '/etc/passwd', 'passwd'],
  ['a path of Windows', 'C:\\Windows\\x.txt', 'x.txt'],
  ['backslashes, which are ordinary on Unix', '..\\x.txt', '..\\x.txt'],
  ['NUL', 'a\0b.txt', 'ab.txt'],
  ['another header', 'x.txt\r\nSet-Cookie: a=b', 'x.txtSet-Cookie: a=b'],
  ['an escape sequence for a terminal', '\u001b]0;x\u0007.txt', ']0;x.txt'],
  ['letters in the other direction', 'gpj\u202eexe.txt', 'gpjexe.txt'],
  ['nothing visible', '\u200b\u2060', undefined],
  ['a letter in two parts', 'u\u0308ber.txt', '\u00fcber.txt'],
  ['half a letter', 'a\ud800b.txt', 'a\ufffdb.txt'],
  ['more than 1024 bytes', 'x'.repeat(1025), undefined],
]

const STORED = NAMES.flatMap(([, , stored]) => stored ?? []).sort()

/** `filename*`, whose letters are all in ASCII (RFC 8187). */
const disposition = (name: string) => `filename*=UTF-8''${encoded(name)}`
const encoded = (name: string): string =>
  [...Buffer.from(name)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')

type Send = (name: string) => Promise<number>

/** Everything that takes the name of a file. */
async function doorsOf(app: TestApp): Promise<Record<string, Send>> {
  const upload = await createUpload(app)
  const { requestToken } = (await (await createRequest(app, upload)).json()) as { requestToken: string }
  const guest = { 'X-RequestToken': requestToken }
  const ask = async (method: string, path: string, headers: Record<string, string>, body: string) => {
    const lines = Object.entries({ Host: 'h', 'Content-Length': `${Buffer.byteLength(body)}`, ...headers })
    const head = [`${method} ${path} HTTP/1.1`, ...lines.map(([key, value]) => `${key}: ${value}`)]
    return (await sendRaw(app, head, body)).status
  }
  const inForm = (name: string) => form(part(`name="file"; ${disposition(name)}`, 'x'))
  const post = (path: string, headers: Record<string, string>) => (name: string) =>
    ask('POST', path, { 'Content-Type': FORM_TYPE, ...headers }, inForm(name))
  const draft = { 'Upload-Complete': '?1' }
  return {
    'POST /': post('/', {}),
    'POST /file': post(`/file/${upload.id}`, { 'X-UploadToken': upload.uploadToken }),
    'POST /upload': (name) => ask('POST', '/upload', {}, JSON.stringify({ files: [{ fileName: name }] })),
    'PUT /:name': (name) => ask('PUT', `/${encoded(name)}`, {}, 'x'),
    'POST /request': post('/request', guest),
    'PUT /request/:name': (name) => ask('PUT', `/request/${encoded(name)}`, guest, 'x'),
    tus: (name) =>
      ask(
        'POST',
        '/tus',
        { 'Tus-Resumable': '1.0.0', 'Upload-Length': '1', 'Upload-Metadata': metadata({ filename: name }) },
        '',
      ),
    'the draft': (name) =>
      ask('POST', '/tus', { ...draft, 'Content-Disposition': `attachment; ${disposition(name)}` }, 'x'),
    'the draft, by metadata': (name) =>
      ask('POST', '/tus', { ...draft, 'Upload-Metadata': metadata({ filename: name }) }, 'x'),
  }
}

test('names are the same at every door, and none of them is a path', async () => {
  const { app, db } = await makeAppWithDatabase()
  const seen = new Set<string>()
  const added = async () => {
    const rows = await db.selectFrom('files').select(['id', 'name']).execute()
    const fresh = rows.filter(({ id }) => !seen.has(id))
    for (const { id } of fresh) seen.add(id)
    return fresh.map(({ name }) => name)
  }

  for (const [door, send] of Object.entries(await doorsOf(app))) {
    const taken = await Promise.all(NAMES.map(async ([what, given]) => [what, (await send(given)) < 300]))
    expect([door, taken]).toEqual([door, NAMES.map(([what, , stored]) => [what, stored !== undefined])])
    expect([door, (await added()).sort()]).toEqual([door, STORED])
  }

  const names = storedFiles(app.dataDir).map((path) => basename(path))
  expect(names.filter((name) => !/^[0-9a-f]{32}$/.test(name))).toEqual([])
})

test('the name that is asked for in the address of an archive is cleaned, too', async () => {
  const { app } = await makeAppWithDatabase()
  const { upload } = await givenFile(app)
  const nameOf = async (name: string) => {
    const { headers } = await sendRaw(app, [`HEAD /archive/${upload.id}/${encoded(name)} HTTP/1.1`, 'Host: h'])
    return decodeURIComponent(headers['content-disposition']?.split("UTF-8''")[1] ?? '')
  }

  expect(await nameOf('../../x.zip')).toBe('x.zip')
  expect(await nameOf('C:\\Windows\\x.zip')).toBe('x.zip')
  expect(await nameOf('x.txt\r\nSet-Cookie: a=b.zip')).toBe('x.txtSet-Cookie: a=b.zip')
  expect(await nameOf('gpj\u202eexe.zip')).toBe('gpjexe.zip')
})
