import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { isInstalled } from '../../helpers/programs.ts'
import { type S3Server, s3Settings, startS3Server } from '../../helpers/s3-server.ts'
import { ask, get, type Question } from './ask.ts'

/** Large enough to be worth it, and nothing that a browser shows. */
const CONTENT = '\x01hello'.repeat(20_000)

/** `tests/storage/s3-store.test.ts` says loudly when there is no such server. */
describe.skipIf(!isInstalled('ceph'))('MAYFLY_S3_REDIRECT', () => {
  let s3: S3Server

  beforeAll(async () => {
    s3 = await startS3Server()
  })

  afterAll(() => s3?.stop())

  const redirecting = () => makeApp({ ...s3Settings(s3), S3_REDIRECT: 'true' })

  test('sends a client to the bucket, where the file has its name and type', async () => {
    const { url } = await givenFile(await redirecting(), {}, CONTENT, 'naïve x.bin')

    const { status, headers, body } = await get(url)
    const answer = await fetch(headers.location ?? '')

    expect([status, body.length, headers['cache-control']]).toEqual([302, 0, 'no-store'])
    expect(headers.location).toMatch(`${s3.endpoint}/${s3.bucket}/`)
    expect(await answer.text()).toBe(CONTENT)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="na_ve x.bin"; filename*=UTF-8''na%C3%AFve%20x.bin`,
      'cache-control': 'no-store',
    })
  })

  test('leaves ranges to the bucket, and answers HEAD itself', async () => {
    const { url } = await givenFile(await redirecting(), {}, CONTENT)
    const range = { Range: 'bytes=3-9' }

    const redirect = await get(url, range)
    const part = await get(redirect.headers.location ?? '', range)
    const head = await ask(url, { method: 'HEAD' })

    expect([redirect.status, part.status, part.body.toString()]).toEqual([302, 206, CONTENT.slice(3, 10)])
    expect([head.status, head.headers['content-length']]).toEqual([200, `${CONTENT.length}`])
  })

  test('redirects what a browser would show only when it is to be saved', async () => {
    const { url } = await givenFile(
      await redirecting(),
      {},
      '<html><script>alert(1)</script>'.repeat(5_000),
      'page.html',
    )

    const shown = await get(url)
    const saved = await get(`${url}?dl=1`)
    const answer = await fetch(saved.headers.location ?? '')

    expect([shown.status, saved.status]).toEqual([200, 302])
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment;/)
  })

  test.each<[string, object, string, Question]>([
    ['a file with a limit', { oneShot: true }, CONTENT, {}],
    ['a small file', {}, '\x01hello', {}],
    ['a condition', {}, CONTENT, { headers: { 'If-Match': '*' } }],
    ['a secret that must not reach the bucket', {}, CONTENT, { headers: { 'X-UploadToken': 'x' } }],
    ['a script of a page', {}, CONTENT, { headers: { 'Sec-Fetch-Mode': 'cors' } }],
  ])('sends the bytes itself for %s', async (_, options, content, question) => {
    const { url } = await givenFile(await redirecting(), options, content)

    const { status, headers, body } = await ask(url, question)

    expect([status, headers.location, body.toString()]).toEqual([200, undefined, content])
  })

  test('is off unless asked for', async () => {
    const plain = await makeApp(s3Settings(s3))
    const { url } = await givenFile(plain, {}, CONTENT)

    expect((await get(url)).status).toBe(200)
  })
})
