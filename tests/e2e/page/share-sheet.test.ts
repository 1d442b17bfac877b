import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, faults, fileOf, send } from './page-tests.ts'

/** What the page gave to the device. */
const shared = (page: Page) => page.evaluate('globalThis.shared')

/** Stands in for the device's sheet, which no browser without a screen has. `outcome`: an error of it, by name. */
async function giveSheet(page: Page, outcome = ''): Promise<void> {
  await page.addInitScript((name) => {
    const shared: unknown[] = []
    const share = async (what: unknown) => {
      shared.push(what)
      if (name !== '') throw new DOMException('of the sheet', name)
    }
    Object.assign(globalThis, { shared })
    Object.assign(navigator, { share })
  }, outcome)
}

/** Everything that went wrong in a page without being caught. */
function errorsOf(page: Page): Error[] {
  const errors: Error[] = []
  page.on('pageerror', (error) => errors.push(error))
  return errors
}

const share = (page: Page) => page.getByRole('button', { name: 'Share…', exact: true })

describe.skipIf(!hasBrowser())('the device’s own way to share', () => {
  const open = useBrowser()

  test('gets the link, without admin rights', async () => {
    const app = await makeApp()
    const page = await open()
    await giveSheet(page)
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt')])
    const link = await send(page)

    await share(page).click()

    expect(await shared(page)).toEqual([{ title: 'Mayfly', text: 'I have files for you:', url: link }])
    expect(link).toMatch(/\/#\/\?id=[a-zA-Z0-9]{16}$/)
  })

  test('gets the key of encrypted files with the link', async () => {
    const app = await makeApp()
    const page = await open()
    await giveSheet(page)
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt', 'secret')])
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    const link = await send(page)

    await share(page).click()

    expect(await shared(page)).toEqual([{ title: 'Mayfly', text: 'I have files for you:', url: link }])
    expect(link).toMatch(/\/#\/\?id=[a-zA-Z0-9]{16}&e2ee=2&key=AGE-SECRET-KEY-[A-Z0-9-]+$/)
  })

  test('may be turned away without a word about an error', async () => {
    const app = await makeApp()
    const page = await open()
    const errors = errorsOf(page)
    await giveSheet(page, 'AbortError')
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt')])
    await send(page)

    await share(page).click()
    await share(page).click()

    expect(await shared(page)).toHaveLength(2)
    expect(await page.getByRole('alert').count()).toBe(0)
    expect(errors).toEqual([])
  })

  test('that does not work is said, with what to do instead', async () => {
    const app = await makeApp()
    const page = await open()
    const errors = errorsOf(page)
    await giveSheet(page, 'NotAllowedError')
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt')])
    await send(page)

    await share(page).click()

    await page.getByRole('alert').filter({ hasText: 'Copy it instead' }).waitFor()
    expect(await faults(page)).toEqual([])
    expect(errors).toEqual([])
  })

  test('is not offered where there is none', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt')])
    await send(page)

    expect(await page.getByRole('button', { name: 'Copy the link', exact: true }).count()).toBe(1)
    expect(await share(page).count()).toBe(0)
  })
})
