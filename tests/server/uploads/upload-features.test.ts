import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { createUpload } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

/** What the four states of each feature grant; what they refuse is in `create-upload-refusals.test.ts` (Plik §5). */

const inState = (state: string) =>
  makeApp({
    FEATURE_ONE_SHOT: state,
    FEATURE_REMOVABLE: state,
    FEATURE_STREAM: state,
    FEATURE_EXTEND_TTL: state,
    FEATURE_COMMENTS: state,
    FEATURE_SET_TTL: state,
    FEATURE_PASSWORD: state,
    DEFAULT_TTL: '100',
  })

const allOf = (value: boolean) => ({ oneShot: value, removable: value, stream: value, extend_ttl: value })

test('disabled: flags are false and asking for false is no error; comments and TTL are dropped without a word', async () => {
  const app = await inState('disabled')

  expect(await createUpload(app)).toMatchObject({ ...allOf(false), ttl: 100 })
  expect(await createUpload(app, { ...allOf(false), comments: 'hi', ttl: 60, login: 'a', password: '' })).toMatchObject(
    {
      ...allOf(false),
      comments: '',
      ttl: 100,
      protectedByPassword: false,
    },
  )
})

test.for(['enabled', 'default'])(
  '%s: what was asked for is granted, else false; `default` concerns clients only',
  async (state) => {
    const app = await inState(state)

    expect(await createUpload(app)).toMatchObject({
      ...allOf(false),
      comments: '',
      ttl: 100,
      protectedByPassword: false,
    })
    expect(await createUpload(app, { ...allOf(true), comments: 'hi', ttl: 60, password: 'x' })).toMatchObject({
      ...allOf(true),
      comments: 'hi',
      ttl: 60,
      protectedByPassword: true,
    })
  },
)

test('forced: flags are always true, and asking for false is no error; comments and TTL stay a choice', async () => {
  const app = await inState('forced')

  expect(await createUpload(app, { password: 'x' })).toMatchObject({ ...allOf(true), comments: '', ttl: 100 })
  expect(await createUpload(app, { ...allOf(false), comments: 'hi', ttl: 60, password: 'x' })).toMatchObject({
    ...allOf(true),
    comments: 'hi',
    ttl: 60,
  })
})

test('disabled: each flag that is asked for all the same is refused by name (Plik §2)', async () => {
  const app = await inState('disabled')
  const refusals = [
    ['oneShot', 'one shot uploads are disabled'],
    ['removable', 'removable uploads are disabled'],
    ['stream', 'streaming uploads are disabled'],
    ['extend_ttl', 'extend TTL is disabled'],
  ] as const

  const answers = await Promise.all(
    refusals.map(([flag]) => answerOf(fetch(`${app.url}/upload`, { method: 'POST', body: `{"${flag}":true}` }))),
  )

  expect(answers).toEqual(refusals.map(([, reason]) => [400, `unable to create upload : ${reason}\n`]))
})

test('an empty password is no protection, with a login or without', async () => {
  const app = await makeApp()

  expect(await createUpload(app, { login: 'ann', password: '' })).toMatchObject({ protectedByPassword: false })
})

test('FEATURE_COMMENTS disabled: a comment of any length is dropped without a word', async () => {
  const app = await makeApp({ FEATURE_COMMENTS: 'disabled' })

  expect(await createUpload(app, { comments: 'a'.repeat(40_000) })).toMatchObject({ comments: '' })
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
