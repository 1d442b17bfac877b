import { expect, test } from 'vitest'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

test('a file that was added is served with the bytes that came', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, {}, 'hello')

  const response = await fetch(url)

  expect(response.status).toBe(200)
  expect(await response.text()).toBe('hello')
})

test('an upload is unavailable from the millisecond of its expiry', async () => {
  const app = await makeApp()
  const { id } = await createUpload(app, { ttl: 60 })

  app.advance(59_999)
  expect((await fetch(`${app.url}/upload/${id}`)).status).toBe(200)
  app.advance(1)
  const response = await fetch(`${app.url}/upload/${id}`)

  expect(response.status).toBe(404)
  expect(await response.text()).toBe(`upload ${id} has expired\n`)
})
