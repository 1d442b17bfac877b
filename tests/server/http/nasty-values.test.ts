import { expect, test } from 'vitest'
import { z } from 'zod'
import {
  ApproveBody,
  InitBody,
  LoginBody,
  NewUserBody,
  PollBody,
  ProfileBody,
  TokenBody,
  UserBody,
} from '../../../server/accounts/account-shapes.ts'
import { CreateRequestBody } from '../../../server/file-requests/file-request-shapes.ts'
import { JobInput, ScheduleInput, StepInput } from '../../../server/jobs/job-shapes.ts'
import { OperatorInput } from '../../../server/notifications/operators.ts'
import { ArchiveBody, createUploadBody, RenewBody } from '../../../server/uploads/upload-shapes.ts'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { jsonOf } from '../../helpers/answers.ts'
import { givenFile } from '../../helpers/client.ts'
import type { TestApp } from '../../helpers/make-app.ts'
import { makeAppWithRoutes, pathOf, type Route } from '../../helpers/routes.ts'

/** Any value of a field is either refused, or stored so that every list still works on both databases. */

/** As they stand in JSON. */
const VALUES = [
  '"a\\u0000b"',
  '"\\ud800x"',
  `"${'x'.repeat(300)}"`,
  '"2026-01-01T00:00:00.123456Z"',
  '"9999-12-31T23:59:59-23:59"',
  '"0000-01-01T00:00:00+23:59"',
  '"+275760-09-13T00:00:00Z"',
  '-0',
  '-1',
  '1.5',
  '1e400',
  '2147483648',
  '1795432888000000',
  '9007199254740991',
  '9223372036854775808',
  'null',
  '{}',
  '[null]',
  '"9999-12-31T23:59:59Z"', // what may be stays there
]
/** The same in a path, a query or a header. */
const TEXTS = [
  '%00',
  'a%00b',
  '%EF%BF%BD',
  'x'.repeat(300),
  '-1',
  '-0',
  '1.5',
  '9007199254740991',
  '9223372036854775808',
  '9999-12-31T23:59:59-23:59',
  'null',
  'WzEsIlx1MDAwMCJd', // a cursor with NUL
]

const STEP = { name: 'x', action: 'optimise-database' }
const named = (prefix: string) => `${prefix} ${Math.random()}`

interface Inputs {
  shape: z.ZodType
  /** What is sent beside the field. */
  base?: () => object
  /** Where the field is, when not at the top. */
  inside?: (part: string) => string
}

/** Every route that reads JSON, and its shapes. */
const INPUTS: Record<string, Inputs[]> = {
  'POST /upload': [
    { shape: createUploadBody(1000) },
    {
      shape: z.object({ filename: z.string(), filesize: z.int(), filetype: z.string(), reference: z.string() }),
      base: () => ({ fileName: 'a' }),
      inside: (file) => `{"files":[${file}]}`,
    },
  ],
  'PATCH /upload/:uploadId': [{ shape: RenewBody }],
  'POST /upload/:uploadId/requests': [{ shape: CreateRequestBody }],
  'POST /archive/:uploadId': [{ shape: ArchiveBody }],
  'POST /auth/local/login': [{ shape: LoginBody, base: () => ({ login: 'nobody', password: 'x' }) }],
  'POST /auth/cli/init': [{ shape: InitBody }],
  'POST /auth/cli/approve': [{ shape: ApproveBody, base: () => ({ code: 'x' }) }],
  'POST /auth/cli/poll': [{ shape: PollBody, base: () => ({ code: 'x', secret: 'x' }) }],
  'PATCH /me': [{ shape: ProfileBody }],
  'POST /me/token': [{ shape: TokenBody }],
  'POST /user': [{ shape: NewUserBody, base: () => ({ provider: 'google', login: named('user') }) }],
  'POST /user/:userId': [{ shape: UserBody, base: () => ({ id: 'local:grace' }) }],
  'POST /jobs': [
    { shape: JobInput, base: () => ({ name: named('job'), steps: [STEP] }) },
    {
      shape: StepInput,
      base: () => STEP,
      inside: (step) => `{"name":"${named('job')}","steps":[${step}]}`,
    },
  ],
  'PATCH /jobs/:job': [{ shape: JobInput }],
  'POST /jobs/:job/start': [{ shape: z.object({ step: z.int() }), base: () => ({ step: 99 }) }],
  'POST /jobs/schedules': [
    { shape: ScheduleInput, base: () => ({ name: named('cron'), kind: 'cron', cron: '* * * * *' }) },
    { shape: ScheduleInput, base: () => ({ name: named('once'), kind: 'once', at: '2100-01-01T00:00:00Z' }) },
  ],
  'PATCH /jobs/schedules/:schedule': [{ shape: ScheduleInput }],
  'POST /jobs/operators': [
    { shape: OperatorInput, base: () => ({ name: named('o'), kind: 'webhook', target: 'http://127.0.0.1/' }) },
  ],
  'PATCH /jobs/operators/:operator': [{ shape: OperatorInput }],
}
/** Those that read files instead, or nothing. */
const WITHOUT_JSON =
  /^(POST \/(request\/?|file\/.*|stream\/.*|tus.*|jobs\/agent\/\w+|jobs\/:job\/stop)?|PUT .*|PATCH \/tus.*)$/

/** Each field of a route with each value. */
function bodiesFor({ shape, base = () => ({}), inside = (part) => part }: Inputs): string[] {
  const { properties = {} } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' })
  return Object.keys(properties).flatMap((field) =>
    VALUES.map((value) =>
      inside(`{"${field}":${value},${JSON.stringify(withoutField(base(), field)).slice(1)}`.replace(',}', '}')),
    ),
  )
}

const withoutField = (base: object, field: string): object =>
  Object.fromEntries(Object.entries(base).filter(([key]) => key.toLowerCase() !== field.toLowerCase()))

async function given() {
  const settings = { ...WITH_ACCOUNTS, WEBHOOK_PRIVATE_ADDRESSES: 'true', MAX_TTL: '0' }
  const { app, routes } = await makeAppWithRoutes(settings)
  const { headers } = await givenSession(app, 'root', { isAdmin: true })
  await givenSession(app, 'grace')
  const { upload, file } = await givenFile(app, { files: [{ fileName: 'declared' }] })
  const own = { ...headers, 'X-UploadToken': upload.uploadToken }
  const create = (path: string, body: object) =>
    jsonOf(fetch(app.url + path, { method: 'POST', headers: own, body: JSON.stringify(body) }))
  const schedule = await create('/jobs/schedules', { name: 'some', kind: 'cron', cron: '* * * * *' })
  const operator = await create('/jobs/operators', { name: 'some', kind: 'webhook', target: 'http://127.0.0.1/' })
  const job = await create('/jobs', { name: 'some', steps: [STEP], schedules: ['some'] })
  const parameters = {
    uploadId: upload.id,
    fileId: file.id,
    '*': 'file.txt',
    userId: 'local:grace',
    schedule: schedule.id,
    operator: operator.id,
    job: job.id,
  }
  return { app, routes, headers: own, parameters }
}

interface Asked {
  method: string
  path: string
  headers: Record<string, string>
  body?: string
}

/** What is answered by a failure of the server, or not at all. */
async function failures(app: TestApp, asked: Asked[]): Promise<string[]> {
  const failed: string[] = []
  const waiting = asked.values()
  const ask = async (): Promise<void> => {
    for (const { path, ...init } of waiting) {
      const { status, body } = await fetch(app.url + path, { ...init, redirect: 'manual' })
      await body?.cancel()
      if (status >= 500) failed.push(`${init.method} ${path} ${init.body ?? ''}: ${status}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, ask))
  return failed
}

/** Everything that only shows something. */
const lists = (routes: Route[], parameters: Record<string, string>, headers: Record<string, string>) =>
  routes
    .filter(({ method, url }) => method === 'GET' && !/^\/(docs|qrcode|auth\/)/.test(url))
    .map((route) => ({ method: 'GET', path: pathOf(route, parameters), headers }))

const keyOf = ({ method, url }: Route): string => `${method} ${url}`

test('no value of any field of any JSON body ends in a failure, then or later', async () => {
  const { app, routes, headers, parameters } = await given()
  const reading = routes.filter(
    (route) => ['POST', 'PUT', 'PATCH'].includes(route.method) && !WITHOUT_JSON.test(keyOf(route)),
  )
  const asked = reading.flatMap((route) => {
    const { method } = route
    const path = pathOf(route, parameters)
    return (INPUTS[keyOf(route)] ?? []).flatMap(bodiesFor).map((body) => ({ method, path, headers, body }))
  })

  expect(reading.map(keyOf).sort()).toEqual(Object.keys(INPUTS).sort())
  expect(await failures(app, asked)).toEqual([])
  expect(await failures(app, lists(routes, parameters, headers))).toEqual([])
})

const QUERY =
  'limit order before after sort user token q provider oneShot days window offset from to job size width file'.split(
    ' ',
  )
const OPTIONS = 'ttl oneShot maxDownloads comments login password e2ee normalize extendTtl'.split(' ')

test('no text in a path, a query or a header does', async () => {
  const { app, routes, headers, parameters } = await given()
  const paths = routes.flatMap((route) =>
    [...route.url.matchAll(/:(\w+)/g)].flatMap(([, name = '']) =>
      TEXTS.map((text) => ({ method: route.method, path: pathOf(route, { ...parameters, [name]: text }), headers })),
    ),
  )
  const queries = lists(routes, parameters, headers).flatMap((list) =>
    QUERY.flatMap((name, index) =>
      [0, 1, 2].map((turn) => ({ ...list, path: `${list.path}?${name}=${TEXTS[(3 * index + turn) % TEXTS.length]}` })),
    ),
  )
  const options = OPTIONS.flatMap((name) =>
    TEXTS.flatMap((text) => [
      { method: 'PUT', path: `/a.txt?${name}=${text}`, headers: {}, body: 'x' },
      { method: 'POST', path: '/tus', headers: tusHeaders(name, decodeURIComponent(text)) },
    ]),
  )

  expect(await failures(app, [...paths, ...queries, ...options])).toEqual([])
  expect(await failures(app, lists(routes, parameters, headers))).toEqual([])
})

const tusHeaders = (name: string, value: string) => ({
  'Tus-Resumable': '1.0.0',
  'Upload-Length': '1',
  'Upload-Metadata': `${name} ${Buffer.from(value).toString('base64')}`,
})
