import { expect, test } from 'vitest'
import { createUpload } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

/** What the four states of each feature grant; what they refuse is in `create-upload-refusals.test.ts` (Plik §5). */

const FLAGS = [
  ['ONE_SHOT', 'oneShot'],
  ['REMOVABLE', 'removable'],
  ['STREAM', 'stream'],
  ['EXTEND_TTL', 'extend_ttl'],
] as const

test.for(FLAGS)('FEATURE_%s disabled: %s is false, and asking for false is no error', async ([name, key]) => {
  const app = await makeApp({ [`FEATURE_${name}`]: 'disabled' })

  expect(await createUpload(app)).toMatchObject({ [key]: false })
  expect(await createUpload(app, { [key]: false })).toMatchObject({ [key]: false })
})

test.for(FLAGS)('FEATURE_%s enabled: %s is what was asked for, else false', async ([name, key]) => {
  const app = await makeApp({ [`FEATURE_${name}`]: 'enabled' })

  expect(await createUpload(app)).toMatchObject({ [key]: false })
  expect(await createUpload(app, { [key]: true })).toMatchObject({ [key]: true })
})

test.for(FLAGS)('FEATURE_%s default: the server acts as for enabled, %s is for clients to preselect', async ([name, key]) => {
  const app = await makeApp({ [`FEATURE_${name}`]: 'default' })

  expect(await createUpload(app)).toMatchObject({ [key]: false })
  expect(await createUpload(app, { [key]: true })).toMatchObject({ [key]: true })
})

test.for(FLAGS)('FEATURE_%s forced: %s is always true, and asking for false is no error', async ([name, key]) => {
  const app = await makeApp({ [`FEATURE_${name}`]: 'forced' })

  expect(await createUpload(app)).toMatchObject({ [key]: true })
  expect(await createUpload(app, { [key]: false })).toMatchObject({ [key]: true })
})

test.for(['enabled', 'default', 'forced'])('FEATURE_PASSWORD %s: a password is honoured', async (state) => {
  const app = await makeApp({ FEATURE_PASSWORD: state })

  expect(await createUpload(app, { password: 'x' })).toMatchObject({ protectedByPassword: true })
})

test.for(['disabled', 'enabled', 'default'])('FEATURE_PASSWORD %s: an empty password is no protection', async (state) => {
  const app = await makeApp({ FEATURE_PASSWORD: state })

  expect(await createUpload(app, { login: 'ann', password: '' })).toMatchObject({ protectedByPassword: false })
})

test.for([
  ['disabled', ''],
  ['enabled', 'hi'],
  ['default', 'hi'],
  ['forced', 'hi'],
] as const)('FEATURE_COMMENTS %s: the comment "hi" becomes "%s"', async ([state, comments]) => {
  const app = await makeApp({ FEATURE_COMMENTS: state })

  expect(await createUpload(app, { comments: 'hi' })).toMatchObject({ comments })
  expect(await createUpload(app)).toMatchObject({ comments: '' })
})

test('FEATURE_COMMENTS disabled: a comment of any length is dropped without a word', async () => {
  const app = await makeApp({ FEATURE_COMMENTS: 'disabled' })

  expect(await createUpload(app, { comments: 'a'.repeat(40_000) })).toMatchObject({ comments: '' })
})

test.for([
  ['disabled', 100],
  ['enabled', 60],
  ['default', 60],
  ['forced', 60],
] as const)('FEATURE_SET_TTL %s: a TTL of 60 becomes %i', async ([state, ttl]) => {
  const app = await makeApp({ FEATURE_SET_TTL: state, DEFAULT_TTL: '100' })

  expect(await createUpload(app, { ttl: 60 })).toMatchObject({ ttl })
})

test.for(['disabled', 'enabled', 'default'])('FEATURE_AUTHENTICATION %s: strangers may upload', async (state) => {
  const app = await makeApp({ FEATURE_AUTHENTICATION: state })

  expect(await createUpload(app)).toMatchObject({ admin: true })
})

test('FEATURE_AUTHENTICATION disabled: a bogus token and cookie are ignored, as ShareX needs it (Plik §1.1)', async () => {
  const app = await makeApp()

  const headers = { 'X-PlikToken': 'bogus', Cookie: 'plik-session=bogus' }
  const response = await fetch(`${app.url}/upload`, { method: 'POST', headers })

  expect(response.status).toBe(200)
})
