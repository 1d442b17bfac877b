import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { givenEncrypted } from './encrypted.ts'

describe.skipIf(!hasBrowser())('looking at what the server holds', () => {
  const open = useBrowser()

  test('does not report a lost connection as tampering', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'a.txt', content: 'secret' }])
    const line = await slowLine(() => app.url)
    const page = await open()
    await page.route('**/file/**', (route) => route.abort('connectionreset'))

    await page.goto(link.replace(app.url, line.url))
    await page.getByText('The files could not be read just now').waitFor()

    expect(await page.getByText('Do not trust this link').count()).toBe(0)
  })

  test('does not report rate limiting as tampering', async () => {
    const app = await makeApp({ RATE_LIMIT: '1000' })
    const { link } = await givenEncrypted(app, [{ path: 'a.txt', content: 'secret' }])
    const page = await open()
    await page.route('**/file/**', (route) => route.fulfill({ status: 429, body: 'too many requests' }))

    await page.goto(link)

    await page.getByText('The files could not be read just now').waitFor()
  })

  test('says which files are not what they should be', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [
      { path: 'good.txt', content: 'secret' },
      { path: 'bad.txt', content: 'secret', spoil: (sealed) => sealed.fill(0x41, 60, 100) },
    ])
    const page = await open()

    await page.goto(link)

    await page.getByText('Do not trust this link').waitFor()
    expect(await page.getByText('could not be read just now').count()).toBe(0)
  })

  test('a download that finally fails is not reported as changed', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'a.bin', content: new Uint8Array(1_000_000) }])
    const page = await open({})
    await page.goto(link)
    await page.getByText('End-to-end encrypted').waitFor()
    await page.clock.install()
    await page.route('**/file/**', (route) => route.abort('connectionreset'))

    await page.getByRole('button', { name: 'Download a.bin' }).click()
    const alert = page.getByRole('alert')
    for (let attempt = 0; attempt < 30 && (await alert.count()) === 0; attempt++) await page.clock.runFor(8_000)

    await alert.filter({ hasText: 'can’t be reached' }).waitFor()
  })
})
