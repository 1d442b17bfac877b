import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { createUpload } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

const HOUR = 3600

const renew = (app: TestApp, id: string, headers: Record<string, string>, ttl: number) =>
  fetch(`${app.url}/upload/${id}`, { method: 'PATCH', headers, body: JSON.stringify({ ttl }) })

test('an upload is kept as long as its uploader says, counted from then on', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { ttl: HOUR })
  app.advance((HOUR - 1) * 1000)

  const renewed = await jsonOf<{ ttl: number; expireAt: string }>(
    renew(app, upload.id, { 'X-UploadToken': upload.uploadToken }, 2 * HOUR),
  )

  expect(renewed.ttl).toBe(2 * HOUR)
  app.advance((2 * HOUR - 1) * 1000)
  expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(200)
  app.advance(1000)
  expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(404)
})

test('not longer than the server allows, nor its owner', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, MAX_TTL: '2h', DEFAULT_TTL: '1h' })
  const { headers } = await givenSession(app, 'grace', { maxTtlSeconds: HOUR })
  const hers = await jsonOf<{ id: string; uploadToken: string }>(
    fetch(`${app.url}/upload`, { method: 'POST', headers, body: '{}' }),
  )
  const upload = await createUpload(app)

  expect(await answerOf(renew(app, upload.id, { 'X-UploadToken': upload.uploadToken }, 2 * HOUR + 1))).toEqual([
    400,
    'invalid TTL. (maximum allowed is : 7200)\n',
  ])
  expect((await renew(app, upload.id, { 'X-UploadToken': upload.uploadToken }, 2 * HOUR)).status).toBe(200)
  expect((await renew(app, hers.id, { 'X-UploadToken': hers.uploadToken }, HOUR + 1)).status).toBe(400)
  expect((await renew(app, hers.id, headers, HOUR)).status).toBe(200)
})

test('by no other client, and not after its end', async () => {
  const app = await makeApp()
  const upload = await createUpload(app, { ttl: HOUR, removable: true })

  expect(await answerOf(renew(app, upload.id, {}, HOUR))).toEqual([403, 'you are not allowed to change this upload\n'])
  app.advance(HOUR * 1000)
  expect((await renew(app, upload.id, { 'X-UploadToken': upload.uploadToken }, HOUR)).status).toBe(404)
})
