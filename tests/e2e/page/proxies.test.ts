import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { isInstalled } from '../../helpers/programs.ts'
import { startNginx } from '../../helpers/proxies.ts'
import { choose, fileInPieces, fileOf, saved, send, sha256 } from './page-tests.ts'

/** What stands between the page and the server, and answers in its place. */

const PORTAL = { status: 200, contentType: 'text/html', body: '<h1>Welcome to our network</h1>' }

describe.skipIf(!hasBrowser())('the page', () => {
  const app = sharedApp()
  const open = useBrowser()

  test.skipIf(!isInstalled('nginx'))(
    'sends smaller pieces once a proxy finds them too large, on the next visit too',
    async () => {
      const url = await startNginx(app.url, { location: 'client_max_body_size 300k;' })
      const content = randomBytes(3_000_000)
      const page = await open()
      const refused: string[] = []
      page.on('response', (response) => {
        if (response.status() === 413) refused.push(response.request().method())
      })
      await page.goto(`${url}/`)
      await choose(page, [fileOf('large.bin', content)])

      await send(page)

      const file = await saved(page, () => page.getByRole('link', { name: 'Download large.bin' }).click())
      expect(sha256(file.bytes)).toBe(sha256(content))
      expect(refused).toEqual(['PATCH', 'PATCH']) // of 1 MiB and of 512 KiB
      await page.goto(`${url}/`)
      await choose(page, [fileOf('another.bin', content)])
      await send(page)
      expect(refused).toHaveLength(2)
    },
  )

  test('says what a proxy refuses that smaller pieces do not mend', async () => {
    const page = await open()
    await page.route('**/tus/*', (route) => route.fulfill({ status: 413, contentType: 'text/html', body: '<h1>413' }))
    await page.goto(`${app.url}/`)
    await choose(page, [fileInPieces('a.bin')])

    await page.getByRole('button', { name: 'Send 1 file' }).click()

    await page.getByRole('alert').filter({ hasText: 'A proxy rejected this request' }).waitFor()
  })

  test('waits for the server while a proxy can’t reach it, says so, and continues', async () => {
    const page = await open()
    let isBroken = true
    await page.route('**/tus', (route) =>
      isBroken ? route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway' }) : route.continue(),
    )
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.bin')])

    await page.getByRole('button', { name: 'Send 1 file' }).click()
    await page.getByRole('alert').filter({ hasText: 'A proxy answered instead of the server (502)' }).waitFor()
    isBroken = false

    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
  })

  test('knows a network that wants a sign-in from the server', async () => {
    const page = await open()
    const portal = page.getByRole('alert').filter({ hasText: 'If your network wants you to sign in' })
    await page.goto(`${app.url}/`)
    await page.route('**/upload', (route) => route.fulfill(PORTAL))
    await page.route('**/tus', (route) => route.fulfill(PORTAL))
    await choose(page, [fileOf('a.bin')])

    await page.getByRole('button', { name: 'Send 1 file' }).click()
    await portal.waitFor()
    await page.unroute('**/upload')
    await page.getByRole('button', { name: 'Send 1 file' }).click()
    await page.getByRole('heading', { name: 'Waiting for the connection' }).waitFor()
    await portal.waitFor()
    await page.unroute('**/tus')

    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
  })

  test.each([
    [302, 'If your network wants you to sign in'],
    [404, 'A proxy answered instead of the server (404)'],
    [504, 'A proxy answered instead of the server (504)'],
  ])('does not take an answer of %d with HTML for one of the server', async (status, text) => {
    const page = await open()
    const { id } = (await (await fetch(`${app.url}/upload`, { method: 'POST', body: '{}' })).json()) as { id: string }
    await page.route('**/upload/*', (route) =>
      route.fulfill({ status, contentType: 'text/html', body: '<h1>', headers: { Location: 'http://127.0.0.1:9/' } }),
    )

    await page.goto(`${app.url}/#/?id=${id}`)

    await page.getByText(text).waitFor()
  })
})
