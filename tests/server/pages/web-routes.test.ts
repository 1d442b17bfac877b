import { expect, test } from 'vitest'
import { createUpload, fileForm, givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'

const app = sharedApp()

const HTML = { Accept: 'text/html' }

test('the page runs our own scripts only, and is asked for anew each time', async () => {
  const { headers } = await fetch(`${app.url}/`)

  const policy = headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
  expect(policy).not.toContain('unsafe')
  expect(policy).not.toMatch(/https?:/)
  expect(headers.get('cache-control')).toBe('no-store')
})

test('every page is framed by nobody, sends forms to us only, leaves relative addresses alone, and is in no search engine (P12, P13)', async () => {
  const { upload } = await givenFile(app)
  const { upload: locked } = await givenFile(app, { password: 'secret' })
  const form = { method: 'POST', body: fileForm('hello') }
  const pages: [path: string, status: number, form?: RequestInit][] = [
    ['/', 200],
    [`/?id=${upload.id}`, 200],
    [`/?id=${locked.id}`, 401],
    ['/?id=nosuchuploadhere', 404],
    ['/', 200, form],
    ['/', 400, { method: 'POST', body: new FormData() }],
    ['/docs', 200],
    ['/nowhere', 404],
  ]

  for (const [path, status, form] of pages) {
    const answer = await fetch(app.url + path, { headers: HTML, ...form })
    const policy = answer.headers.get('content-security-policy')?.split('; ')
    expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
      path,
      status,
      'text/html; charset=utf-8',
    ])
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]))
    expect(policy).toContainEqual(expect.stringMatching(/^form-action '(none|self)'$/))
    expect(policy).toContainEqual(expect.stringMatching(/^script-src 'self'( 'sha256-[\w+/]{43}=')*$/))
    expect(answer.headers.get('x-robots-tag')).toBe('noindex, nofollow')
    expect(answer.headers.get('referrer-policy')).toMatch(/^(no-referrer|same-origin)$/)
  }
})

test('files may come from the download domain, and nothing else from anywhere', async () => {
  const app = await makeApp({ DOWNLOAD_DOMAIN: 'https://files.example.org' })

  const policy = (await fetch(`${app.url}/`)).headers.get('content-security-policy')

  expect(policy?.match(/[a-z-]+-src [^;]*https:[^;]*/g)).toEqual([
    "img-src 'self' https://files.example.org blob:",
    "media-src 'self' https://files.example.org blob:",
    "connect-src 'self' https://files.example.org",
  ])
})

test('its parts are kept for ever and come compressed, also under a path prefix', async () => {
  const app = await makeApp({ PATH_PREFIX: '/files' })
  const page = await (await fetch(`${app.url}/`)).text()
  const script = /src="\.\/(assets\/page-[^"]+\.js)"/.exec(page)?.[1]

  const { status, headers } = await fetch(`${app.url}/${script}`, { headers: { 'Accept-Encoding': 'br' } })

  expect(status).toBe(200)
  expect(headers.get('content-encoding')).toBe('br')
  expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
})

test('the licenses of the packages in the page come with it', async () => {
  const notices = await (await fetch(`${app.url}/assets/third-party-licenses.md`)).text()

  for (const name of ['preact', 'age-encryption', 'client-zip', 'marked', 'buffer'])
    expect(notices).toContain(`\n## ${name} - `)
})

test('a path prefix without its slash leads to the one with it', async () => {
  const app = await makeApp({ PATH_PREFIX: '/files' })

  const { status, headers } = await fetch(app.url, { redirect: 'manual' })

  expect([status, headers.get('location')]).toEqual([308, '/files/'])
})

test('without JavaScript an upload is a list of links, found by its id or by a pasted link', async () => {
  const { upload, url } = await givenFile(app, { comments: '<b>hi</b>' }, 'hello', 'a & b.txt')

  const byId = await (await fetch(`${app.url}/?id=${upload.id}`)).text()
  const byLink = await (await fetch(`${app.url}/?id=${encodeURIComponent(`https://x/#/?id=${upload.id}`)}`)).text()

  expect(byId).toContain('a &#38; b.txt')
  expect(byId).toContain(`href="${new URL(url).pathname}"`)
  expect(byId).toContain('&#60;b&#62;hi')
  expect(byLink).toBe(byId)
})

/** Markup as a browser reads it. */
const unescaped = (markup: string): string =>
  markup.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))

test('without JavaScript encrypted files are said to be encrypted', async () => {
  const upload = await createUpload(app, { e2ee: 'age', comments: '-----BEGIN AGE ENCRYPTED FILE-----' })

  const text = await (await fetch(`${app.url}/?id=${upload.id}`)).text()

  expect(text).toContain('These files are encrypted.')
  expect(text).not.toContain('BEGIN AGE')
})

test('what else is in a pasted link is not kept in the address', async () => {
  const app = await makeApp({ PATH_PREFIX: '/files' })
  const id = 'AAAAAAAAAAAAAAAA'
  const link = `https://x/files/#/?e2ee=2&key=AGE-SECRET-KEY-1SECRET&id=${id}&uploadToken=secret`

  const answer = await fetch(`${app.url}/?id=${encodeURIComponent(link)}&id=other`, { redirect: 'manual' })

  expect(answer.status).toBe(303)
  expect(new URL(answer.headers.get('location') ?? '', `${app.url}/`).href).toBe(`${app.url}/?id=${id}`)
})

test('without JavaScript the sender of a form gets links to share', async () => {
  const app = await makeApp({ PATH_PREFIX: '/files' })

  const answer = await fetch(`${app.url}/`, { method: 'POST', headers: HTML, body: fileForm('hello', 'a.txt') })
  const text = unescaped(await answer.text())

  const [id] = /(?<=\?id=)\w{16}/.exec(text) as RegExpExecArray
  expect(text).toContain(`<a href="/files/?id=${id}">${app.url}/?id=${id}</a>`)
  expect(text).toMatch(new RegExp(`<a href="/files/file/${id}/\\w{16}/a.txt">${app.url}/file/${id}/\\w{16}/a.txt</a>`))
})

test('without JavaScript an unknown upload is said to be over, and a protected one asks for its password', async () => {
  const { upload } = await givenFile(app, { password: 'secret' })

  const unknown = await fetch(`${app.url}/?id=nosuchuploadhere`)
  const told = await fetch(`${app.url}/?id=${upload.id}`, { headers: HTML })
  const text = unescaped(await told.text())
  const address = new URL(/(?<=href=")\.\/\?id=[^"]*/.exec(text)?.[0] ?? '', `${app.url}/`)
  const locked = await fetch(address, { headers: HTML })
  const opened = await fetch(`${app.url}/?id=${upload.id}`, {
    headers: { Authorization: `Basic ${btoa('plik:secret')}` },
  })

  expect([unknown.status, told.status, locked.status, opened.status]).toEqual([404, 401, 401, 200])
  expect(text).toContain('the user name is plik unless you were given another')
  expect(told.headers.get('www-authenticate')).toMatch(/^X-Basic /)
  expect(await opened.text()).not.toContain('the password is the one you chose')
  expect(await unknown.text()).toContain('This link no longer works')
  expect(locked.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
})

test('a script that asks for JSON is told that a password is missing without making the browser ask for it', async () => {
  const { upload } = await givenFile(app, { password: 'secret' })

  const { status, headers } = await fetch(`${app.url}/upload/${upload.id}`, { headers: { Accept: 'application/json' } })

  expect(status).toBe(401)
  expect(headers.get('www-authenticate')).toMatch(/^X-Basic /)
})

test('the answer to a form runs no script', async () => {
  const answer = await fetch(`${app.url}/`, { method: 'POST', headers: HTML, body: fileForm('hello') })

  expect(await answer.text()).not.toMatch(/<script|<noscript/)
})
