import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

/** After ten misses in a minute, guessing at an upload is over for that address (P3). */

const basic = (password: string) => `Basic ${btoa(`plik:${password}`)}`

const PROXIED = { SOURCE_IP_HEADER: 'X-Forwarded-For' }

const guess = (url: string, password: string, address = '192.0.2.1') =>
  fetch(url, { headers: { Authorization: basic(password), 'X-Forwarded-For': address } })

const statusesOf = async (requests: Promise<Response>[]) =>
  (await Promise.all(requests)).map(({ status }) => status).sort((a, b) => a - b)

/** Uses up what an address may guess at `url`. */
const exhaust = (url: string, address?: string) =>
  Promise.all(Array.from({ length: 11 }, (_, index) => guess(url, `wrong ${index}`, address)))

test('the eleventh miss is answered 429 with Retry-After, and from then on even the right password', async () => {
  const app = await makeApp()
  const { id } = await createUpload(app, { password: 'geheim' })
  const url = `${app.url}/upload/${id}`

  const misses = []
  for (let index = 0; index < 10; index += 1) misses.push((await guess(url, `wrong ${index}`)).status)
  const eleventh = await guess(url, 'wrong')
  const right = await answerOf(guess(url, 'geheim'))

  expect(misses).toEqual(Array(10).fill(401))
  expect(eleventh.status).toBe(429)
  expect(Number(eleventh.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(Number(eleventh.headers.get('retry-after'))).toBeLessThanOrEqual(60)
  expect(right).toEqual([429, 'too many wrong passwords, please wait\n'])
})

test('thirty guesses at the same moment are ten guesses', async () => {
  const app = await makeApp()
  const { id } = await createUpload(app, { password: 'geheim' })

  const guesses = Array.from({ length: 30 }, (_, index) => guess(`${app.url}/upload/${id}`, `wrong ${index}`))

  expect(await statusesOf(guesses)).toEqual([...Array(10).fill(401), ...Array(20).fill(429)])
})

test('the right password thirty times at once, as a page with thirty files asks, is never throttled', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { password: 'geheim' })

  const reads = Array.from({ length: 30 }, () => guess(url, 'geheim'))

  expect(await statusesOf(reads)).toEqual(Array(30).fill(200))
})

test('requests without a password are not guesses', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { password: 'geheim' })

  await Promise.all(Array.from({ length: 30 }, () => fetch(url)))

  expect((await guess(url, 'geheim')).status).toBe(200)
})

test('one door counts for all: file, HEAD, metadata, archive, stream and removal', async () => {
  const app = await makeApp()
  const { upload, file, url } = await givenFile(app, { password: 'geheim', removable: true })
  await exhaust(url)
  const doors = [
    ['GET', url],
    ['HEAD', url],
    ['GET', `${app.url}/stream/${upload.id}/${file.id}/file.txt`],
    ['GET', `${app.url}/upload/${upload.id}`],
    ['GET', `${app.url}/archive/${upload.id}/archive.zip`],
    ['POST', `${app.url}/archive/${upload.id}`],
    ['DELETE', url],
    ['DELETE', `${app.url}/upload/${upload.id}`],
  ] as const

  const headers = { Authorization: basic('geheim') }

  expect(await statusesOf(doors.map(([method, path]) => fetch(path, { method, headers })))).toEqual(Array(8).fill(429))
})

test('other uploads, and clients with the token, are not affected', async () => {
  const app = await makeApp()
  const { upload, url } = await givenFile(app, { password: 'geheim' })
  const other = await givenFile(app, { password: 'geheim' })
  await exhaust(url)

  expect((await guess(url, 'geheim')).status).toBe(429)
  expect((await guess(other.url, 'geheim')).status).toBe(200)
  expect((await fetch(url, { headers: { 'X-UploadToken': upload.uploadToken } })).status).toBe(200)
})

test('addresses are throttled apart, except those of one IPv6 /64', async () => {
  const app = await makeApp(PROXIED)
  const { url } = await givenFile(app, { password: 'geheim' })
  await exhaust(url, '192.0.2.1')
  await exhaust(url, '2001:db8:1:2::1')
  const statusFor = async (address: string) => (await guess(url, 'geheim', address)).status

  expect(await statusFor('192.0.2.1')).toBe(429)
  expect(await statusFor('::ffff:192.0.2.1')).toBe(429)
  expect(await statusFor('192.0.2.2')).toBe(200)
  expect(await statusFor('2001:db8:1:2:ffff::9')).toBe(429)
  expect(await statusFor('2001:db8:1:3::1')).toBe(200)
})

test('a forged address does not help when no proxy is configured', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { password: 'geheim' })
  await exhaust(url, '192.0.2.1')

  expect((await guess(url, 'geheim', '192.0.2.2')).status).toBe(429)
})
