import { renameSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import axios, { type AxiosError, type AxiosResponse } from 'axios'
import { expect, test } from 'vitest'
import { fileForm } from '../helpers/client.ts'
import { head, rawClient } from '../helpers/raw-client.ts'
import { spawnServer } from '../helpers/spawn-server.ts'
import { storedFiles } from '../helpers/stored-files.ts'

test('with its store gone the server is alive but not ready, and ready again when it is back', async () => {
  const server = await spawnServer()
  const status = async (path: string) => (await fetch(server.url + path)).status
  const files = join(server.dataDir, 'files')
  expect(await status('/ready')).toBe(200)

  renameSync(files, `${files}.away`)
  expect([await status('/health'), await status('/ready'), await status('/config')]).toEqual([200, 503, 200])

  renameSync(`${files}.away`, files)
  expect(await status('/ready')).toBe(200)
})

test('logs are JSON lines, and no line holds a secret, a name or a link, whatever happens', async () => {
  const server = await spawnServer({ LOG_LEVEL: 'trace', MAX_FILE_SIZE: '1MB', FEATURE_AUTHENTICATION: 'enabled' })
  const { url } = server
  const secrets = {
    fileName: 'Kündigung-Meier.pdf',
    encodedName: encodeURIComponent('Kündigung-Meier.pdf'),
    asciiName: 'tax-return-2025.txt',
    password: 'correct-horse',
    wrongPassword: 'wrong-horse',
    basic: Buffer.from('plik:correct-horse').toString('base64'),
    bearer: 'bearer-secret-123',
    cookie: 'cookie-secret-123',
    comment: 'meet me at the harbour',
    query: 'query-secret-123',
    host: 'evil-host.example',
    login: 'login-secret-123',
    tusName: 'sealed-will.odt',
    tusMetadata: Buffer.from('sealed-will.odt').toString('base64'),
    plikToken: 'plik-token-secret-123',
    requestToken: 'request-token-secret-123',
    session: 'session-secret-123',
    xsrf: 'xsrf-secret-123',
    code: 'oidc-code-secret-123',
    tusSecret: 'tus-secret-123',
  }
  const ask = async (path: string, init: RequestInit = {}) => (await fetch(url + path, init)).text()
  const headers = {
    Authorization: `Bearer ${secrets.bearer}`,
    Cookie: `mayfly-download=${secrets.cookie}`,
    'X-UploadToken': secrets.query,
    Referer: `https://${secrets.host}/`,
  }

  const body = JSON.stringify({ password: secrets.password, comments: secrets.comment })
  const upload = JSON.parse(await ask('/upload', { method: 'POST', body }))
  const token = { 'X-UploadToken': upload.uploadToken as string }
  const file = JSON.parse(
    await ask(`/file/${upload.id}`, { method: 'POST', body: fileForm('x', secrets.fileName), headers: token }),
  )
  const path = `/file/${upload.id}/${file.id}/${secrets.encodedName}`
  for (const authorization of [
    `Basic ${secrets.basic}`,
    `Basic ${btoa(`plik:${secrets.wrongPassword}`)}`,
    'Nonsense',
  ]) {
    await ask(path, { headers: { ...headers, Authorization: authorization } })
  }
  await ask(path.replace(/pdf$/, 'doc'), { headers: token })
  await ask(path, { headers: { ...token, Range: 'bytes=99-' } })
  await ask(path, { method: 'DELETE', headers: token })
  await ask(path, { headers: token }) // its name is part of the message
  await ask(`/file/${upload.id}`, {
    method: 'POST',
    body: fileForm('x'.repeat(2_000_000), secrets.fileName),
    headers: token,
  })
  await ask(`/file/${upload.id}`, {
    method: 'POST',
    body: fileForm('x', `${secrets.asciiName.repeat(99)}`),
    headers: token,
  })
  await ask(`/${secrets.asciiName}?${secrets.query}=1`, { method: 'PUT', body: 'x' })
  await ask(`/?ttl=${secrets.query}`, { method: 'PUT', body: 'x' })
  await ask(`/nowhere/${secrets.asciiName}?x=${secrets.query}`, { headers })
  await ask(`/file/${secrets.asciiName}/%zz`, { headers })
  await ask('/upload', { method: 'POST', body: `{"password":"${secrets.password}",` })
  const session = { Cookie: `plik-session=${secrets.session}; plik-xsrf=${secrets.xsrf}`, 'X-XSRFToken': secrets.xsrf }
  const login = JSON.stringify({ login: secrets.login, password: secrets.wrongPassword })
  await ask('/auth/local/login', { method: 'POST', body: login, headers: session })
  await ask('/me', { headers: session })
  await ask('/me', { headers: { 'X-Plik-Impersonate': secrets.login } })
  await ask('/upload', { method: 'POST', body: '{}', headers: { 'X-PlikToken': secrets.plikToken } })
  await ask(`/auth/oidc/callback?code=${secrets.code}&state=${secrets.code}`)
  await ask(`/?password=${secrets.password}&login=${secrets.login}`, { method: 'PUT', body: 'x' })
  const guest = { 'X-RequestToken': secrets.requestToken }
  await ask('/request', { headers: guest })
  await ask(`/request/${secrets.asciiName}`, { method: 'PUT', body: 'x', headers: guest })
  const tus = { 'Tus-Resumable': '1.0.0', 'Upload-Length': '10', 'Content-Type': 'application/offset+octet-stream' }
  const named = { ...tus, 'Upload-Metadata': `filename ${secrets.tusMetadata}` }
  const begun = await fetch(`${url}/tus`, { method: 'POST', headers: named })
  const address = new URL(begun.headers.get('location') ?? '', `${url}/tus`)
  await fetch(address, { method: 'PATCH', body: 'hello', headers: { ...tus, 'Upload-Offset': '5' } })
  await fetch(address, { method: 'PATCH', body: 'hello', headers: { ...tus, 'Upload-Offset': '0' } })
  await ask(`/tus/${secrets.tusSecret}`, { method: 'PATCH', headers: { ...tus, 'Upload-Offset': '0' } })
  await ask('/file/x/%1b%5b31m%0aforged/x')
  const link = (await ask(`/${secrets.asciiName}`, { method: 'PUT', body: 'x', headers })).trim()
  for (const blob of storedFiles(server.dataDir)) unlinkSync(blob)
  await fetch(link, { headers })
  const broken = await rawClient(url)
  await broken.send(
    `${head('PUT', `/${secrets.asciiName}`, { 'Content-Length': 100, 'X-UploadToken': secrets.query })}half`,
  )
  broken.socket.destroy()
  const garbage = await rawClient(url)
  await garbage.send(`GET /${secrets.asciiName} HTTP/9.9\r\n${secrets.query}\r\n\r\n`)
  await garbage.closed
  await server.kill('SIGTERM')

  const lines = server
    .output()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('Mayfly') && !line.startsWith('  '))
  expect(lines.length).toBeGreaterThan(20)
  for (const line of lines) expect(() => JSON.parse(line), line).not.toThrow()
  const forbidden = [
    ...Object.values(secrets),
    upload.uploadToken as string,
    `/file/${upload.id}`,
    new URL(link).pathname,
    address.pathname.split('/').at(-1) as string,
    begun.headers.get('x-uploadtoken') as string,
    'rawPacket',
  ]
  expect(lines.filter((line) => forbidden.some((secret) => line.includes(secret)))).toEqual([])
  expect(server.logs().some(({ msg, err }) => msg === 'request failed' && err !== undefined)).toBe(true)
})

test('axios downloads as a stream and as bytes, and reads its errors as problems', async () => {
  const { url } = await spawnServer()
  const content = Buffer.alloc(3_000_000, 'mayfly')
  const { data: created } = await axios.put(`${url}/x.bin?maxDownloads=2`, content, {
    headers: { Accept: 'application/json' },
  })
  const link = new URL(created.links[0] as string, url).href // relative where no public URL is configured

  const stream = await axios.get<Readable>(link, { responseType: 'stream' })
  const streamed = Buffer.concat(await stream.data.toArray())
  const { data: bytes, headers } = await axios.get<Buffer>(link, { responseType: 'arraybuffer' })
  const asBytes = await axios.get(link, { responseType: 'arraybuffer' }).catch((error: AxiosError) => error)
  const asStream = await axios
    .get<Readable>(link, { responseType: 'stream' })
    .catch((error: AxiosError<Readable>) => error)
  const asJson = await axios.get(`${url}/upload/nothing`).catch((error: AxiosError) => error)

  expect(streamed.equals(content)).toBe(true)
  expect(bytes.equals(content)).toBe(true)
  expect(headers['content-length']).toBe(String(content.length))
  const problem = {
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    detail: expect.stringContaining('is not available : deleted'),
    code: 'file_not_available',
    parameters: expect.objectContaining({ status: 'deleted' }),
  }
  const answers = [asBytes, asStream].map((error) => (error as AxiosError).response as AxiosResponse)
  expect(answers[0]?.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  expect(JSON.parse(String(answers[0]?.data))).toEqual(problem)
  expect(JSON.parse(await text(answers[1]?.data))).toEqual(problem)
  expect((asJson as AxiosError).response?.data).toMatchObject({ status: 404, detail: 'upload nothing not found' })
})
