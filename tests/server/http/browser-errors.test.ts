import { expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, sharedApp } from '../../helpers/make-app.ts'
import { get } from '../downloads/ask.ts'

const app = sharedApp()

/** What a person sees whose download fails (Plik §1.12). */

const BROWSER = {
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
}

test('a browser is sent to the page that tells why, and asks anew the next time', async () => {
  const path = '/file/AAAAAAAAAAAAAAAA/BBBBBBBBBBBBBBBB/a%20b.txt?dl=1'

  const { status, headers, body } = await get(app.url + path, BROWSER)

  const [page, query] = (headers.location ?? '').split('#/?')
  expect([status, page, body.toString()]).toEqual([302, '/', ''])
  expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
    err: 'upload AAAAAAAAAAAAAAAA not found',
    errcode: '404',
    uri: path,
  })
  expect(headers['cache-control']).toBe('no-store')
})

test.for([
  '/file/AAAAAAAAAAAAAAAA/BBBBBBBBBBBBBBBB/a',
  '/stream/AAAAAAAAAAAAAAAA/BBBBBBBBBBBBBBBB/a',
  '/archive/AAAAAAAAAAAAAAAA/a.zip',
])('so for %s', async (path) => {
  const app = await makeApp({ PATH_PREFIX: '/share' })

  const { status, headers } = await get(app.url + path, BROWSER)

  expect(status).toBe(302)
  expect(headers.location).toMatch(
    /^\/share\/#\/\?err=upload\+AAAAAAAAAAAAAAAA\+not\+found&errcode=404&uri=%2Fshare%2F/,
  )
})

test('the page is where PUBLIC_URL says, also for a link to the download domain', async () => {
  const app = await makeApp({ PUBLIC_URL: 'https://files.example.org', DOWNLOAD_DOMAIN: 'https://dl.example.org' })

  const { headers } = await get(`${app.url}/archive/AAAAAAAAAAAAAAAA/a.zip`, { ...BROWSER, Host: 'dl.example.org' })

  expect(headers.location).toMatch(/^https:\/\/files\.example\.org\/#\/\?err=/)
})

test.for([
  'wget/1.21',
  'curl/8.5.0',
  'Python-urllib/3.11',
  'libwww-perl/6.67',
  'libwwww-perl/6.67',
  'PHP/8.1',
  'PycURL/7.45',
  'Go-http-client/1.1',
  'plik_client/1.3.8',
])('%s gets the text, whatever it accepts (Plik §1.12)', async (agent) => {
  const { status, body } = await get(`${app.url}/archive/AAAAAAAAAAAAAAAA/a.zip`, { ...BROWSER, 'User-Agent': agent })

  expect([status, body.toString()]).toEqual([404, 'upload AAAAAAAAAAAAAAAA not found\n'])
})

test('a program that does not ask for HTML gets the text, whoever it is', async () => {
  const url = `${app.url}/archive/AAAAAAAAAAAAAAAA/a.zip`

  expect((await get(url, { 'User-Agent': 'ShareX/16.0' })).status).toBe(404)
  expect((await get(url, { 'User-Agent': 'python-requests/2.31', Accept: '*/*' })).status).toBe(404)
  expect((await get(url, { 'User-Agent': BROWSER['User-Agent'], Accept: 'image/avif,image/webp,*/*' })).status).toBe(
    404,
  )
})

test('the question for a password is the browser’s own business', async () => {
  const { url } = await givenFile(app, { password: 'geheim' })

  const { status, headers } = await get(url, BROWSER)

  expect([status, headers.location]).toEqual([401, undefined])
  expect(headers['www-authenticate']).toContain('Basic realm="plik"')
})

test('a preview bot gets an error page, and is not redirected', async () => {
  const { url } = await givenFile(app, { oneShot: true })

  const { status } = await get(url, { ...BROWSER, 'User-Agent': 'Slackbot-LinkExpanding 1.0' })

  expect(status).toBe(406)
})

test('what is no download fails where it is', async () => {
  expect((await get(`${app.url}/upload/AAAAAAAAAAAAAAAA`, BROWSER)).status).toBe(404)
  expect((await get(`${app.url}/nowhere`, BROWSER)).status).toBe(404)
})

test.for([
  ['', '/nowhere', '/'],
  ['', '/no/where/?x=/y', '/'],
  ['', '//no//where', '/'],
  ['/share', '/share/no/where', '/share/'],
  ['/share', '/nowhere', '/share/'],
])('under the prefix “%s” a browser at %s sees a page that leads to %s', async ([prefix, path, start]) => {
  const app = await makeApp(prefix === '' ? {} : { PATH_PREFIX: prefix as string })
  const url = new URL(app.url).origin + path

  const { status, headers, body } = await get(url, BROWSER)
  const page = body.toString()
  const addresses = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => new URL(address as string, url))

  expect([status, headers['content-type']]).toEqual([404, 'text/html; charset=utf-8'])
  expect(headers['cache-control']).toBe('no-store')
  expect(page).toContain('<h1>Page not found</h1>')
  expect(page).not.toContain('<script')
  expect(addresses.map(({ pathname }) => pathname)).toContain(start)
  for (const address of addresses) expect([address.href, (await get(address.href)).status]).toEqual([address.href, 200])
})
