import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { jsonOf } from '../../helpers/answers.ts'
import { givenFile } from '../../helpers/client.ts'
import { longestHold, startClientThread } from '../../helpers/client-thread.ts'
import { FORM_TYPE, filePart, form } from '../../helpers/form.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { makeAppWithRoutes, pathOf, type Route } from '../../helpers/routes.ts'

/** No request keeps all others waiting: each route with a body gets the worst that it reads. */

/** In ms of CPU. On a machine that has nothing else to do it is below 50; one that is busy adds to it. */
const BUDGET_MS = 150
/** Code that runs for the first time is compiled meanwhile, and earlier tests leave memory to be collected. */
const ATTEMPTS = 5

const KIB = 1024
/** Just below what routes read: each gets the largest that it does not refuse for its size. */
const SIZES = [1024 * KIB, 128 * KIB, 16 * KIB].map((size) => size - 400)
const TOO_LARGE = 'request body too large'

/** As many of `value` as make up `size` bytes, with commas between. */
const many = (value: string, size: number): string => `${value},`.repeat(size / (value.length + 1)) + value

/** In every list that some route takes. */
const lists = (value: string, size: number): string =>
  `{${['files', 'steps', 'schedules'].map((key) => `"${key}":[${many(value, size / 3)}]`)}}`

const keys = (size: number): string =>
  Array.from({ length: size / 9 }, (_, index) => `"${index.toString(36).padStart(4, '0')}":1`).join(',')

const JSON_BODIES: ((size: number) => string)[] = [
  (size) => lists('1', size),
  (size) => lists('{}', size),
  (size) => `{${keys(size)}}`,
  (size) => `{"name":"x","steps":[{"name":"x","action":"check-files","parameters":{${keys(size)}}}]}`,
  (size) => '['.repeat(size / 2) + ']'.repeat(size / 2),
  (size) => `{"comments":"${'\\"'.repeat(size / 2)}`, // has no end
]

/** What a thousand files cost that are declared as long as they may be. */
const declared = (files: object): string => JSON.stringify({ files, comments: 'x'.repeat(32 * KIB) })
const LONGEST = Array.from({ length: 1000 }, () => ({
  fileName: '\u202Ea\u0301'.repeat(150),
  reference: 'x'.repeat(60),
}))
const WRONG = LONGEST.map(() => ({ fileName: 1, fileSize: 'x', fileType: 1, reference: 1 }))
const DECLARATIONS = [declared(LONGEST), declared(WRONG)]

const FORMS = [
  form(...Array(20_000).fill('\r\n')),
  form(...Array(9_000).fill(filePart('a', ''))),
  form(filePart('\u202E'.repeat(4_000), 'x')),
  `--b\r\n${'a: b\r\n'.repeat(150_000)}`,
]

/** The least of some attempts, as soon as one is within the budget. */
async function heldBy(act: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let attempt = 0; least > BUDGET_MS && attempt < ATTEMPTS; attempt++)
    least = Math.min(least, await longestHold(act))
  return least
}

test('no request holds the event loop, on any route that reads a body', async () => {
  const { app, routes } = await makeAppWithRoutes(WITH_ACCOUNTS)
  const { headers, user } = await givenSession(app, 'root', { isAdmin: true })
  const { upload, file } = await givenFile(app)
  const ask = startClientThread()
  const parameters = { uploadId: upload.id, fileId: file.id, '*': 'file.txt', userId: user.id, job: 'check-links' }
  const send = (route: Route, body: string, type = 'application/json') =>
    ask({
      method: route.method,
      url: app.url + pathOf(route, parameters),
      headers: { ...headers, 'X-UploadToken': upload.uploadToken, 'Content-Type': type },
      body,
    })

  async function largestSize(route: Route): Promise<number> {
    for (const size of SIZES) if (!(await send(route, '{}'.padEnd(size))).text.includes(TOO_LARGE)) return size
    throw new Error(`${route.url} reads nothing`)
  }

  const withBody = routes.filter(({ method }) => ['POST', 'PUT', 'PATCH'].includes(method))
  const slow: string[] = []
  for (const route of withBody) {
    const size = await largestSize(route)
    const bodies = [
      ...[...JSON_BODIES.map((bodyOf) => bodyOf(size)), ...DECLARATIONS].map((body) => [body]),
      ...FORMS.map((body) => [body, FORM_TYPE]),
    ]
    for (const [body = '', type] of bodies) {
      const held = await heldBy(() => send(route, body, type))
      if (held > BUDGET_MS) slow.push(`${route.method} ${route.url}: ${body.slice(0, 50)}: ${Math.round(held)} ms`)
    }
  }

  expect(withBody.length).toBeGreaterThan(30)
  expect(slow).toEqual([])
}, 300_000)

test('no list holds it, however many rows it leads to', async () => {
  const app = await makeApp({ ...WITH_ACCOUNTS, MAX_DECLARED_FILES: '1000000' })
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  const ask = startClientThread()
  const users = Array.from({ length: 1000 }, (_, number) => ({ provider: 'google', login: `user${number}` }))
  await Promise.all(users.map((user) => app.accounts.users.create(user)))
  for (let number = 0; number < 20; number++)
    await jsonOf(fetch(`${app.url}/upload`, { method: 'POST', headers, body: declared(LONGEST) }))

  const held = async (path: string) => heldBy(() => ask({ method: 'GET', url: app.url + path, headers }))

  expect(await held('/users?limit=1000')).toBeLessThan(BUDGET_MS)
  expect(await held('/uploads?limit=1000')).toBeLessThan(BUDGET_MS)
  expect(await held('/me/uploads?limit=1000&sort=size')).toBeLessThan(BUDGET_MS)
})
