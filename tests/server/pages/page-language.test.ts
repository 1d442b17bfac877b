import { expect, test } from 'vitest'
import { languageOf } from '../../../server/http/language.ts'
import { fileForm, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

/** Pages are in the language of who looks at them; what programs read is always English. */

const CHINESE = { 'Accept-Language': 'zh-CN,zh;q=0.9,en;q=0.8' }
const BROWSER = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'User-Agent': 'Mozilla/5.0' }

test.for([
  [undefined, 'en'],
  ['', 'en'],
  ['*', 'en'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['zh-Hant-TW', 'zh'],
  ['en-US,en;q=0.9,zh;q=0.8', 'en'],
  ['en;q=0.5, zh;q=0.6', 'zh'],
  ['fr, de;q=0.5', 'en'],
  ['fr, zh;q=0.1', 'zh'],
  ['zh;q=0', 'en'],
  [';;q=,,\t=zh', 'en'],
] as const)('who asks for %s reads %s', ([header, language]) => {
  expect(languageOf({ headers: header === undefined ? {} : { 'accept-language': header } })).toBe(language)
})

test('a page says in which language it is, and that there are others', async () => {
  const app = await makeApp()

  const [english, chinese] = await Promise.all([fetch(`${app.url}/`), fetch(`${app.url}/`, { headers: CHINESE })])
  const [inEnglish, inChinese] = [await english.text(), await chinese.text()]

  expect([english.headers.get('content-language'), chinese.headers.get('content-language')]).toEqual(['en', 'zh-Hans'])
  expect([english.headers.get('vary'), chinese.headers.get('vary')]).toEqual(Array(2).fill('Accept, Accept-Language'))
  expect(chinese.headers.get('cache-control')).toBe('no-store')
  expect(inEnglish).toContain('<html lang="en">')
  expect(inEnglish).toContain('content="Share files by a link. They are deleted when they expire."')
  expect(inChinese).toContain('<html lang="zh-Hans">')
  expect(inChinese).toContain('content="用链接分享文件。时间一到，文件即逝。"')
  expect(inChinese).toContain('把文件拖到这里')
  expect(inChinese).not.toMatch(/Share files|Upload<|Keep for/)
})

test.for([
  ['GET', '/?id=UPLOAD', {}],
  ['POST', '/', {}],
  ['POST', '/', { Accept: 'application/json' }],
  ['POST', '/', { Accept: 'application/json, text/html' }],
  ['POST', '/', { ...BROWSER, 'User-Agent': 'curl/8.5.0' }],
  ['GET', '/upload/UPLOAD', { Accept: 'application/json' }],
  ['GET', '/upload/nosuchuploadhere', BROWSER],
  ['GET', '/file/UPLOAD/nosuchfilehere00/a', { Accept: '*/*' }],
  ['GET', '/config', BROWSER],
  ['GET', '/nowhere', { Accept: '*/*' }],
  ['GET', '/nowhere', { ...BROWSER, 'User-Agent': 'curl/8.5.0' }],
  ['POST', '/nowhere', BROWSER],
] as const)('a program reads the same whatever language it asks for: %s %s as %o', async ([method, path, headers]) => {
  const app = await makeApp({ MAX_FILE_SIZE: '1kB' })
  const { upload } = await givenFile(app, { password: 'secret' })
  const init = { method, body: method === 'POST' ? fileForm('x'.repeat(1001)) : null }
  const ask = async (language: object) => {
    const answer = await fetch(app.url + path.replace('UPLOAD', upload.id), {
      ...init,
      headers: { ...headers, ...language },
    })
    return [answer.status, await answer.text(), answer.headers.get('content-language')]
  }

  const [plain, other] = [await ask({}), await ask(CHINESE)]

  expect(other).toEqual(plain)
  expect(plain).toEqual([expect.any(Number), expect.not.stringContaining('<html'), null])
})

test('a form that is refused is answered with a page, in the language of the browser', async () => {
  const app = await makeApp({ MAX_FILE_SIZE: '1kB' })
  const send = (language: object) =>
    fetch(`${app.url}/`, { method: 'POST', headers: { ...BROWSER, ...language }, body: fileForm('x'.repeat(1001)) })

  const [english, chinese] = [await send({}), await send(CHINESE)]

  expect([english.status, chinese.status]).toEqual([400, 400])
  expect(await english.text()).toContain('File too big (limit is set to 1.0 kB)')
  expect(await chinese.text()).toContain('文件太大（上限为 1.0 kB）')
  expect(chinese.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(chinese.headers.get('content-language')).toBe('zh-Hans')
  expect(chinese.headers.get('cache-control')).toBe('no-store')
})

test('a list that asks for a password says so to who has none, and the browser keeps asking', async () => {
  const app = await makeApp()
  const { upload } = await givenFile(app, { password: 'secret' })

  const told = await fetch(`${app.url}/?id=${upload.id}`, { headers: { ...BROWSER, ...CHINESE } })
  const answer = await fetch(`${app.url}/?id=${upload.id}&unlock=1`, { headers: { ...BROWSER, ...CHINESE } })

  expect(await told.text()).toContain('用户名是 plik；密码由发送者告诉你')
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toContain('Basic realm=')
  expect(await answer.text()).toContain('访问此上传需要密码（尚未提供密码）')
})

test('what a refusal repeats of a request is text, not markup', async () => {
  const app = await makeApp()
  const form = new FormData()
  form.append('ttl', '<img src=x>')
  form.append('ttl', '9'.repeat(400))
  form.append('file', new Blob(['x']), 'a')

  const answer = await fetch(`${app.url}/?${encodeURIComponent('<b>x')}=1`, {
    method: 'POST',
    headers: BROWSER,
    body: form,
  })

  expect(await answer.text()).toContain('Unknown option &#60;b&#62;x')
})

test('under a path prefix it is the same', async () => {
  const app = await makeApp({ PATH_PREFIX: '/files' })

  const answer = await fetch(`${app.url}/?what=1`, {
    method: 'POST',
    headers: { ...BROWSER, ...CHINESE },
    body: fileForm('x'),
  })

  expect(answer.status).toBe(400)
  expect(await answer.text()).toContain('未知选项 what')
})
