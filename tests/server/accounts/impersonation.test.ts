import { expect, test } from 'vitest'
import { givenSession, givenUser, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

/** Administrators who impersonate a user (Plik §1.1 ⑤, §3.11, §8 no. 21). */

const meAs = (app: TestApp, id: string, headers: Record<string, string> = {}) =>
  fetch(`${app.url}/me`, { headers: { ...headers, 'X-Plik-Impersonate': id } })

test('an administrator may impersonate a user, who is shown with the rights of that user', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  await givenUser(app, 'grace')

  expect(await jsonOf(meAs(app, 'local:grace', headers))).toMatchObject({ id: 'local:grace', admin: false })
})

test('nobody else may, logged in or not, with or without authentication', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'mallory')
  await givenUser(app, 'grace')
  const closed = await makeApp()
  const refusal = [403, 'you need administrator privileges\n']

  expect(await answerOf(meAs(app, 'local:grace', headers))).toEqual(refusal)
  expect(await answerOf(meAs(app, 'local:grace'))).toEqual(refusal)
  expect(await answerOf(meAs(closed, 'local:grace'))).toEqual(refusal)
})

test('somebody who does not exist can not be impersonated', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })

  expect(await answerOf(meAs(app, 'local:nobody', headers))).toEqual([403, 'user to impersonate does not exists\n'])
})
