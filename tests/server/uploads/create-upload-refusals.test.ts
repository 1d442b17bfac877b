import { expect, test } from 'vitest'
import { answerOf } from '../../helpers/answers.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

/** Every reason why `POST /upload` says no, in Plik's words, which its clients and their tests compare (Plik §2.2, §2.3). */

const post = (app: TestApp, body: string | object) =>
  fetch(`${app.url}/upload`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })

type Row = [message: string, settings: Record<string, string>, body: object]

test.for<Row>([
  ['anonymous uploads are disabled', { FEATURE_AUTHENTICATION: 'forced' }, {}],
  ['server only accept uploads protected by password', { FEATURE_PASSWORD: 'forced' }, { login: 'a', password: '' }],
  ['upload password protection is disabled', { FEATURE_PASSWORD: 'disabled' }, { password: 'x' }],
  ['too many files. maximum is 1', { MAX_FILES_PER_UPLOAD: '1' }, { files: [{ fileName: 'a' }, { fileName: 'b' }] }],
])('400 unable to create upload : %s (Plik §2)', async ([message, settings, body]) => {
  const app = await makeApp(settings)

  expect(await answerOf(post(app, body))).toEqual([400, `unable to create upload : ${message}\n`])
})

const oneFile = (file: object) => ({ files: [file] })

const REFUSED = [
  ['extend TTL is disabled', { extend_ttl: true }],
  ['cannot set infinite TTL (maximum allowed is : 26)', { ttl: -1 }],
  ['invalid TTL. (maximum allowed is : 26)', { ttl: 27 }],
  ['missing file name', oneFile({ fileName: '' })],
  ['missing file name', oneFile({ reference: '0' })],
  ['missing file name', oneFile({ fileName: '..' })],
  ['missing file name', oneFile({ fileName: '\u200B/\u0000' })],
  [
    'file name aaaaaaaaaaaaaaaaaaaa... is too long, maximum length is 1024 characters',
    oneFile({ fileName: 'a'.repeat(1025) }),
  ],
  ['file name 中中中中中中... is too long, maximum length is 1024 characters', oneFile({ fileName: '中'.repeat(342) })],
  ['file is too big (10 GB), maximum file size is 10 GB', oneFile({ fileName: 'a', fileSize: 10_000_000_001 })],
  ['file is too big (11 GB), maximum file size is 10 GB', oneFile({ fileName: 'a', fileSize: 11_000_000_000 })],
  ['invalid maxDownloads. (must be from 1 to 1000000)', { maxDownloads: -1 }],
  ['invalid maxDownloads. (must be from 1 to 1000000)', { maxDownloads: 1_000_001 }],
  ['comments are too long, maximum length is 32768 bytes', { comments: 'a'.repeat(32_769) }],
  ['comments must not contain NUL characters', { comments: 'a\0b' }],
  ['login must not contain NUL characters', { login: 'a\0b', password: 'x' }],
  ['reference must not contain NUL characters', oneFile({ fileName: 'a', reference: 'a\0b' })],
  ['fileType must not contain NUL characters', oneFile({ fileName: 'a', fileType: 'a\0b' })],
  ['reference is too long, maximum length is 256 bytes', oneFile({ fileName: 'a', reference: '中'.repeat(86) })],
  ['fileType is too long, maximum length is 256 bytes', oneFile({ fileName: 'a', fileType: 'a'.repeat(257) })],
  ['login is too long, maximum length is 1024 bytes', { login: 'a'.repeat(1025), password: 'x' }],
  ['password is too long, maximum length is 1024 bytes', { password: 'a'.repeat(1025) }],
] as const

test('wishes past a limit are refused, each with its reason (Plik §2)', async () => {
  const app = await makeApp({ MAX_TTL: '26', DEFAULT_TTL: '26' })

  const answers = await Promise.all(REFUSED.map(([, body]) => answerOf(post(app, body))))

  expect(answers).toEqual(REFUSED.map(([message]) => [400, `unable to create upload : ${message}\n`]))
})

test('names, sizes, counts and comments at their limit are taken', async () => {
  const app = await makeApp({ MAX_FILES_PER_UPLOAD: '2', MAX_FILE_SIZE: '10B' })

  const bodies = [
    { files: [{ fileName: 'a'.repeat(1024) }, { fileName: '中'.repeat(341), fileType: 'a'.repeat(256) }] },
    { files: [{ fileName: 'a', fileSize: 10 }], maxDownloads: 1_000_000 },
    { comments: 'a'.repeat(32_768), maxDownloads: 1 },
  ]
  const responses = await Promise.all(bodies.map((body) => post(app, body)))

  expect(responses.map(({ status }) => status)).toEqual([200, 200, 200])
})

test('the first reason in the order of Plik is the one that is told (Plik §1.4)', async () => {
  const settings: Record<string, string> = {
    FEATURE_AUTHENTICATION: 'forced',
    FEATURE_ONE_SHOT: 'disabled',
    FEATURE_REMOVABLE: 'disabled',
    FEATURE_STREAM: 'disabled',
    FEATURE_EXTEND_TTL: 'disabled',
    FEATURE_PASSWORD: 'disabled',
    UPLOAD_WHITELIST: '192.0.2.1',
    MAX_FILES_PER_UPLOAD: '1',
  }
  const tooLong = 'a'.repeat(1025)
  const files = [{ fileName: '' }, { fileName: tooLong }]
  const all = { oneShot: true, removable: true, stream: true, extend_ttl: true, ttl: -1, password: 'x', files }
  const without = (...names: string[]) =>
    makeApp(Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name))))

  const strict = await makeApp(settings)
  expect(await answerOf(post(strict, 'no JSON'))).toEqual([403, 'untrusted source IP address\n'])

  const open = await without('UPLOAD_WHITELIST')
  expect(await answerOf(post(open, 'no JSON'))).toEqual([400, expect.stringContaining('unable to deserialize')])
  expect(await answerOf(post(open, all))).toEqual([400, expect.stringContaining('anonymous uploads are disabled')])

  const app = await without('UPLOAD_WHITELIST', 'FEATURE_AUTHENTICATION')
  const reasons = [
    [all, 'one shot uploads are disabled'],
    [{ ...all, oneShot: false }, 'removable uploads are disabled'],
    [{ ...all, oneShot: false, removable: false }, 'streaming uploads are disabled'],
    [{ extend_ttl: true, ttl: -1, password: 'x', files }, 'extend TTL is disabled'],
    [{ ttl: -1, password: 'x', files }, 'cannot set infinite TTL (maximum allowed is : 2592000)'],
    [{ password: 'x', files }, 'upload password protection is disabled'],
    [{ files }, 'too many files. maximum is 1'],
    [{ files: [{ fileName: '' }] }, 'missing file name'],
  ] as const
  const answers = await Promise.all(reasons.map(([body]) => answerOf(post(app, body))))
  expect(answers).toEqual(reasons.map(([, reason]) => [400, `unable to create upload : ${reason}\n`]))
})
