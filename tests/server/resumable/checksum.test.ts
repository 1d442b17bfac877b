import { hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { createResumable, offsetOf, patch, post } from './tus-requests.ts'

const app = sharedApp()

const checksum = (algorithm: string, content: string) => ({
  'Upload-Checksum': `${algorithm} ${hash(algorithm, content, 'base64')}`,
})

test.each(['sha1', 'md5', 'sha256', 'sha512'])('a piece whose %s fits is taken', async (algorithm) => {
  const { url, link } = await createResumable(app, 11)

  expect((await patch(url, 0, 'hello ', checksum(algorithm, 'hello '))).status).toBe(204)
  expect((await patch(url, 6, 'world', checksum(algorithm, 'world'))).status).toBe(204)

  expect(await answerOf(fetch(link))).toEqual([200, 'hello world'])
})

test('a piece that changed on its way is not taken, and can be sent again', async () => {
  const { url, link } = await createResumable(app, 11)
  await patch(url, 0, 'hello ')

  expect(await answerOf(patch(url, 6, 'w0rld', checksum('sha1', 'world')))).toEqual([
    460,
    'the bytes do not have the checksum that was announced\n',
  ])

  expect(await offsetOf(url)).toBe(6)
  expect((await fetch(link)).status).toBe(404)
  await patch(url, 6, 'world', checksum('sha1', 'world'))
  const response = await fetch(link)
  expect(response.headers.get('repr-digest')).toBe('sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:')
  expect(await answerOf(response)).toEqual([200, 'hello world'])
})

test('the bytes of a creation are checked, too', async () => {
  const refused = await post(app, { 'Upload-Length': '5', ...checksum('sha1', 'world') }, 'hello')
  const taken = await post(app, { 'Upload-Length': '5', ...checksum('sha1', 'hello') }, 'hello')

  expect([refused.status, taken.status]).toEqual([460, 201])
})

test('a creation whose checksum can not be read leaves nothing behind (P23)', async () => {
  const { app, db } = await makeAppWithDatabase()

  const refused = await post(app, { 'Upload-Length': '5', 'Upload-Checksum': 'crc99 AAAA' }, 'hello')

  expect(refused.status).toBe(400)
  expect(await db.selectFrom('uploads').select('id').execute()).toEqual([])
  expect(await db.selectFrom('resumables').select('id').execute()).toEqual([])
})

test('an unknown algorithm, or a value of the wrong length, is refused before any byte is read', async () => {
  const { url } = await createResumable(app, 5)

  expect((await answerOf(patch(url, 0, 'hello', { 'Upload-Checksum': 'crc99 AAAA' })))[0]).toBe(400)
  expect(await answerOf(patch(url, 0, 'hello', { 'Upload-Checksum': 'sha1 AAAA' }))).toEqual([
    400,
    'invalid Upload-Checksum, expected one of sha1,md5,sha256,sha512 and a base64 value\n',
  ])

  expect(await offsetOf(url)).toBe(0)
})

test('OPTIONS names the algorithms', async () => {
  const { headers } = await fetch(`${app.url}/tus`, { method: 'OPTIONS' })

  expect(headers.get('tus-checksum-algorithm')).toBe('sha1,md5,sha256,sha512')
  expect(headers.get('tus-extension')?.split(',')).toContain('checksum')
})
