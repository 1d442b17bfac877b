import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, faults, fileOf, send } from './page-tests.ts'

const title = (page: Page) => page.getByText(/^Recent uploads from this browser/)

/** Sends something, and closes the tab. */
async function givenSent(open: () => Promise<Page>, isEncrypted = false) {
  const app = await makeApp()
  const page = await open()
  await page.goto(`${app.url}/`)
  await choose(page, [fileOf('plans.txt', 'plans'), fileOf('more.txt', 'more')])
  if (isEncrypted) {
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
  }
  const link = await send(page)
  const later = await page.context().newPage()
  await page.close()
  await later.goto(`${app.url}/`)
  await later.getByRole('heading', { name: 'Share files' }).waitFor()
  return { app, link, page: later }
}

describe.skipIf(!hasBrowser())('uploads that were sent without an account', () => {
  const open = useBrowser()

  test('can be deleted from the same browser after the tab was closed, and then are not listed', async () => {
    const { link, page } = await givenSent(open)

    await title(page).click()
    const wrong = await faults(page)
    await page.getByRole('link', { name: 'plans.txt and 1 more file' }).click()
    await page.getByRole('button', { name: 'Delete everything' }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    expect(wrong).toEqual([])
    expect(await title(page).count()).toBe(0)
    expect((await fetch(link.replace('#/?id=', 'upload/'))).status).toBe(404)
  })

  test('are listed without the key that opens them', async () => {
    const { link, page } = await givenSent(open, true)
    const key = new URLSearchParams(link.split('?')[1]).get('key') ?? ''

    await title(page).click()
    await page.getByText('Opens only with the full link').waitFor()

    expect(key).toContain('AGE-SECRET-KEY-')
    expect(await page.evaluate('JSON.stringify({ ...localStorage, ...sessionStorage })')).not.toContain(key)
    expect(await page.getByText('plans.txt').count()).toBe(0)
  })

  test('are kept for another time and deleted without the key', async () => {
    const { app, link, page } = await givenSent(open, true)
    const id = new URLSearchParams(link.split('?')[1]).get('id')
    const stored = async () => (await fetch(`${app.url}/upload/${id}`)).json() as Promise<{ ttl: number }>
    const list = page.getByRole('list', { name: 'Recent uploads' })
    await title(page).click()

    await list.getByRole('button', { name: 'How long to keep Encrypted upload, 2 files' }).click()
    await page.getByRole('dialog').getByLabel('Keep for').selectOption('1 hour')
    const wrong = await faults(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await list.getByText(/^Expires in \d+ (?:hour|min)/).waitFor()
    const { ttl } = await stored()
    await list.getByRole('button', { name: 'Delete Encrypted upload, 2 files' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await title(page).waitFor({ state: 'detached' })

    expect(wrong).toEqual([])
    expect(ttl).toBe(3600)
    expect((await fetch(`${app.url}/upload/${id}`)).status).toBe(404)
  })

  test('that are encrypted are still taken for that when the server says otherwise', async () => {
    const { page } = await givenSent(open, true)
    await page.route(/\/upload\/\w+$/, async (route) => {
      const response = await route.fetch()
      const { e2ee: _hidden, ...upload } = (await response.json()) as { e2ee?: string }
      await route.fulfill({ response, json: upload })
    })

    await title(page).click()
    await page.getByRole('link', { name: 'Encrypted upload, 2 files' }).click()

    await page.getByRole('alert').filter({ hasText: 'the server reports that they are not encrypted' }).waitFor()
    expect(await page.getByRole('button', { name: 'Add files' }).count()).toBe(0)
  })

  test('are forgotten when people clear the list, and not remembered when they choose so', async () => {
    const { app, link, page } = await givenSent(open)

    await title(page).click()
    await page.getByLabel('Remember new uploads in this browser').uncheck()
    await page.getByRole('button', { name: 'Clear the list' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Clear the list' }).click()
    await page.getByText('Recent uploads are not saved in this browser').waitFor()
    await choose(page, [fileOf('secret.txt', 'secret')])
    await send(page)
    const later = await page.context().newPage()
    await page.close()
    await later.goto(`${app.url}/`)
    await later.getByText('Recent uploads are not saved in this browser').waitFor()
    await later.goto(link)
    await later.getByText('plans.txt').waitFor()

    expect(await later.evaluate('Object.keys(localStorage).filter((key) => key.includes("recent-"))')).toEqual([])
    expect(await later.getByRole('button', { name: 'Delete everything' }).count()).toBe(0)
  })

  test('that ask others for files still show their link', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/#/ask`)
    await page.getByLabel('What do you need?').fill('Holiday pictures')
    await page.getByRole('button', { name: 'Create link' }).click()
    const link = await page.getByRole('textbox', { name: 'Request link' }).inputValue()
    const later = await page.context().newPage()
    await page.close()

    await later.goto(`${app.url}/`)
    await title(later).click()
    await later.getByRole('link', { name: 'Holiday pictures' }).click()

    expect(await later.getByRole('textbox', { name: 'Request link' }).inputValue()).toBe(link)
  })
})
