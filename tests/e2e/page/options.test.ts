import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { givenUser, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { jsonOf } from '../../helpers/answers.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { choose, fileOf, logIn, send } from './page-tests.ts'

const DAY = 86_400

const choicesOf = (page: Page, label: string) => page.getByLabel(label).locator('option').allTextContents()

/** What the server knows of the upload behind a link. */
const uploadAt = (app: TestApp, link: string) =>
  jsonOf<Record<string, unknown>>(fetch(`${app.url}/upload/${/id=(\w+)/.exec(link)?.[1]}`))

describe.skipIf(!hasBrowser())('the options of an upload', () => {
  const open = useBrowser()

  test('are within the limits of the logged-in user', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'grace', { maxTtlSeconds: DAY, maxFileSizeBytes: 1_000_000 })
    const page = await open()
    await page.goto(`${app.url}/#/login`)
    await logIn(page, 'grace')
    await page.getByRole('link', { name: 'grace' }).waitFor()

    await page.goto(`${app.url}/#/ask`)
    await page.getByLabel('Keep received files for').waitFor()
    const asked = await choicesOf(page, 'Keep received files for')
    await page.goto(`${app.url}/`)
    await page.getByText('up to 1 MB each').waitFor()
    await page.getByText('Kept for 1 day').waitFor()
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('large.bin', Buffer.alloc(1_000_001))])
    await page.getByRole('alert').filter({ hasText: 'large.bin is larger than this server allows (1 MB)' }).waitFor()
    const chosen = await choicesOf(page, 'Keep for')

    expect(asked).toEqual(['1 hour', '6 hours', '1 day'])
    expect(chosen).toEqual(asked)
  })

  test('go beyond the server’s where a user may have more', async () => {
    const app = await makeApp({ ...WITH_ACCOUNTS, MAX_TTL: '1d', DEFAULT_TTL: '1d' })
    await givenUser(app, 'grace', { maxTtlSeconds: -1 })
    const page = await open()
    await page.goto(`${app.url}/#/login`)
    await logIn(page, 'grace')
    await page.getByRole('link', { name: 'grace' }).waitFor()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt', 'hello')])

    await page.getByText('Options').click()
    await page.getByLabel('Keep for').selectOption('365 days')
    const link = await send(page)

    expect(await uploadAt(app, link)).toMatchObject({ ttl: 365 * DAY })
  })

  test('offer to store nothing, and to start the time anew, where the server does', async () => {
    const app = await makeApp({ FEATURE_EXTEND_TTL: 'enabled' })
    const page = await open()
    await page.goto(`${app.url}/`)
    await page.getByText('Options').click()
    const stream = page.getByRole('switch', { name: 'Stream instead of storing' })

    await stream.check()
    const downloads = await page.getByLabel('Downloads').count()
    await page.getByRole('switch', { name: 'Each download resets the expiry time' }).check()
    await choose(page, [fileOf('passed on.txt', 'from hand to hand')])
    await page.getByRole('button', { name: /^Send 1 file/ }).click()
    const link = await page.getByLabel('Go to the link').inputValue()

    expect(downloads).toBe(0)
    expect(await uploadAt(app, link)).toMatchObject({ stream: true, extend_ttl: true })
  })

  test('store files, and offer nothing that the server has switched off', async () => {
    const app = await makeApp({ FEATURE_STREAM: 'disabled' })
    const page = await open()
    await page.goto(`${app.url}/`)
    await page.getByText('Options').click()
    await page.getByRole('switch', { name: 'Encrypt end to end' }).waitFor()

    expect(await page.getByRole('switch').count()).toBe(3)
    expect(await page.getByRole('switch', { name: 'Stream instead of storing' }).count()).toBe(0)
  })

  test.each([
    ['default', { isChecked: true, isDisabled: false }],
    ['forced', { isChecked: true, isDisabled: true }],
  ])('are switched on beforehand by %s, and fixed by what is forced', async (mode, expected) => {
    const app = await makeApp({ FEATURE_STREAM: mode, FEATURE_EXTEND_TTL: mode })
    const page = await open()
    await page.goto(`${app.url}/`)
    await page.getByText('streamed, not stored').waitFor()
    await page.getByText('Options').click()
    const stateOf = async (name: string) => {
      const field = page.getByRole('switch', { name })
      return { isChecked: await field.isChecked(), isDisabled: await field.isDisabled() }
    }

    expect(await stateOf('Stream instead of storing')).toEqual(expected)
    expect(await stateOf('Each download resets the expiry time')).toEqual(expected)
  })
})
