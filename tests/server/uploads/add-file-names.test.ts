import { expect, test } from 'vitest'
import { jsonOf } from '../../helpers/answers.ts'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { FORM_TYPE, form, part } from '../../helpers/form.ts'
import { makeApp } from '../../helpers/make-app.ts'

/** How a name survives the way from a form's header to the download (Plik §1.6, §8.9). */

const NAMES = [
  ['a plain name', 'filename="a.txt"', 'a.txt'],
  ['without quotes', 'filename=a.txt', 'a.txt'],
  ['spaces, plus, semicolon', 'filename="a  b+c;d.txt"', 'a  b+c;d.txt'],
  ['raw UTF-8, as curl and browsers send it', 'filename="报告 2026.txt"', '报告 2026.txt'],
  ['an escaped quote', 'filename="a\\"b.txt"', 'a"b.txt'],
  ['an escaped backslash', 'filename="a\\\\b.txt"', 'a\\b.txt'],
  ['%22 is not decoded', 'filename="a%22b.txt"', 'a%22b.txt'],
  ['RFC 2231', "filename*=UTF-8''%E4%B8%AD%20%22a%22.txt", '中 "a".txt'],
  ['RFC 2231 behind a plain name', `filename="plain.txt"; filename*=UTF-8''%C3%A9.txt`, 'é.txt'],
  ['RFC 2231 before a plain name', `filename*=UTF-8''%C3%A9.txt; filename="plain.txt"`, 'é.txt'],
  ['RFC 2231 beside an empty plain name', `filename=""; filename*=utf-8''x.txt`, 'x.txt'],
  ['an empty RFC 2231 beside a plain name', `filename="x.txt"; filename*=utf-8''`, 'x.txt'],
  ['RFC 2231 in quotes', `filename="plain.txt"; filename*="UTF-8''%C3%A9.txt"`, 'é.txt'],
  ['RFC 2231 in Latin-1', "filename*=iso-8859-1'en'caf%E9.txt", 'café.txt'],
  ['RFC 2231 in a Chinese code page', "filename*=gb18030''%B1%A8%B8%E6.txt", '报告.txt'],
  ['RFC 2231 in an unknown charset', "filename*=klingon''a%20b.txt", 'a b.txt'],
  ['RFC 2231 continuations', 'filename*0="a long "; filename*1="name.txt"', 'a long name.txt'],
  ['RFC 2231 continuations in another order', 'filename*1="name.txt"; filename*0="a long "', 'a long name.txt'],
  ['encoded continuations', "filename*0*=UTF-8''%E6%8A%A5; filename*1*=%E5%91%8A; filename*2=.txt", '报告.txt'],
  ['a letter cut by a continuation', "filename*0*=UTF-8''%E6%8A; filename*1*=%A5.txt", '报.txt'],
  ['a parameter that only looks like one', 'x="filename=no.txt"; filename="yes.txt"', 'yes.txt'],
  ['a quote that is never closed', 'filename="open.txt', 'open.txt'],
  ['an absolute path', 'filename="/abs/p.txt"', 'p.txt'],
  ['a folder', 'filename="dir/"', 'dir'],
  ['a way up', 'filename="../../etc/passwd"', 'passwd'],
  ['a way up in RFC 2231', "filename*=UTF-8''..%2F..%2Fpasswd", 'passwd'],
  ['a backslash within', 'filename="a\\b.txt"', 'a\\b.txt'],
  ['a path of Windows', 'filename="C:\\\\fakepath\\\\x.png"', 'x.png'],
  ['a right-to-left override', 'filename="gpj\u202Eexe.txt"', 'gpjexe.txt'],
  ['a name of JavaScript', 'filename="__proto__"', '__proto__'],
  ['HTML', 'filename="<img src=x onerror=alert(1)>.txt"', '<img src=x onerror=alert(1)>.txt'],
  ['1024 bytes', `filename="${'a'.repeat(1024)}"`, 'a'.repeat(1024)],
] as const

test('names in forms become names of files (Plik §1.6)', async () => {
  const app = await makeApp()
  const upload = await createUpload(app)
  const nameOf = async (disposition: string) => {
    const headers = { 'X-UploadToken': upload.uploadToken, 'Content-Type': FORM_TYPE }
    const body = form(part(`name="file"; ${disposition}`, 'hi'))
    return (await jsonOf(fetch(`${app.url}/file/${upload.id}`, { method: 'POST', headers, body }))).fileName
  }

  const names = await Promise.all(NAMES.map(async ([what, disposition]) => [what, await nameOf(disposition)]))

  expect(names).toEqual(NAMES.map(([what, , name]) => [what, name]))
})

test('a name that is not UTF-8 is stored with replacement characters (Plik §1.6)', async () => {
  const app = await makeApp()
  const { id, uploadToken } = await createUpload(app)
  const headers = { 'X-UploadToken': uploadToken, 'Content-Type': FORM_TYPE }
  const body = Buffer.from(form(part('name="file"; filename="a\xE4b"', 'hi')), 'latin1')

  const file = await jsonOf(fetch(`${app.url}/file/${id}`, { method: 'POST', headers, body }))

  expect(file.fileName).toBe('a\uFFFDb')
})

const LINKED = [
  'a b.txt',
  '中文 & ü.txt',
  '100%.txt',
  'what? #1.txt',
  "quo'te.txt",
  'a+b;c:d@e.txt',
  '%41.txt',
  '.htaccess',
]

test('a file of any name can be fetched by its link', async () => {
  const app = await makeApp()

  const read = await Promise.all(
    LINKED.map(async (name) => {
      const { url, file } = await givenFile(app, {}, `content of ${name}`, name)
      return [file.fileName, await (await fetch(url)).text()]
    }),
  )

  expect(read).toEqual(LINKED.map((name) => [name, `content of ${name}`]))
})
