import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { givenUser, PASSWORD, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { fileOf, logIn, saved, tabTo } from './page-tests.ts'

describe.skipIf(!hasBrowser())('the page with the keyboard alone', () => {
  const open = useBrowser()

  test('sends and receives', async () => {
    const app = await makeApp()
    const page = await open()
    const chooser = page.waitForEvent('filechooser')
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    await tabTo(page, /^Choose files$/)
    await page.keyboard.press('Enter')
    await (await chooser).setFiles([fileOf('a.txt', 'by keyboard')])
    await page.getByRole('heading', { name: 'Ready to send' }).waitFor()
    await tabTo(page, /^Send 1 file/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    await tabTo(page, /^Download a\.txt$/)
    const file = await saved(page, () => page.keyboard.press('Enter'))

    expect(file.bytes.toString()).toBe('by keyboard')
  })

  test('sends with options, pauses, continues, and copies the link', { timeout: 60_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    line.limit(1_250_000)
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    const chooser = page.waitForEvent('filechooser')
    await page.goto(`${line.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    await tabTo(page, /^Choose files$/)
    await page.keyboard.press('Enter')
    await (await chooser).setFiles([fileOf('a.bin', randomBytes(6_000_000))])
    await page.getByRole('heading', { name: 'Ready to send' }).waitFor()
    await tabTo(page, /^Options/)
    await page.keyboard.press('Enter')
    await tabTo(page, /^Keep for/)
    await page.keyboard.press('7')
    await tabTo(page, /^Message/)
    await page.keyboard.type('with love')
    await tabTo(page, /^Anyone with the link/)
    await page.keyboard.press('Space')
    await tabTo(page, /^Send 1 file/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Sending 1 file' }).waitFor()
    await tabTo(page, /^Pause$/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Paused' }).waitFor()
    line.limit(Number.POSITIVE_INFINITY)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    await tabTo(page, /^Copy the link$/)
    await page.keyboard.press('Enter')
    await page.getByText('Copied').waitFor()

    const link = String(await page.evaluate('navigator.clipboard.readText()'))
    expect(link).toBe(page.url())
    const upload = await (await fetch(`${app.url}/upload/${link.split('id=')[1]}`)).json()
    expect(upload).toMatchObject({ ttl: 604_800, comments: 'with love', removable: true })
  })

  test('comes back to the button that opened a dialog, when it is closed and when it is saved', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'chief', { isAdmin: true })
    const page = await open()
    await page.goto(`${app.url}/#/admin/jobs/schedules`)
    await logIn(page, 'chief')
    await page.getByRole('button', { name: 'Edit every minute' }).waitFor()

    await tabTo(page, /^Edit every minute$/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Edit every minute')
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))') // Chromium is done with Escape by then
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await tabTo(page, /^Save$/)
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Edit every minute')
  })

  test('runs a job, and opens what its history tells', { timeout: 60_000 }, async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'chief', { isAdmin: true })
    const page = await open()
    await page.goto(`${app.url}/#/admin/jobs`)
    await page.getByRole('heading', { name: 'Log in' }).waitFor()

    await tabTo(page, /^User name$/)
    await page.keyboard.type('chief')
    await page.keyboard.press('Tab')
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByText('The agent is').waitFor()
    await tabTo(page, /^Run remove-orphans now$/)
    await page.keyboard.press('Enter')
    await page.locator('.row').filter({ hasText: 'remove-orphans' }).getByText('Succeeded').waitFor()
    await tabTo(page, /^History of remove-orphans$/)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'History' }).waitFor()
    await tabTo(page, /^remove-orphans.*by hand/)
    await page.keyboard.press('Enter')

    await page.locator('.run-details .steps').getByText('remove-orphans').first().waitFor()
    await page.locator('.run-details').first().waitFor({ state: 'visible' })
  })

  test('goes past the head of the page at once', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')

    expect(await page.locator(':focus').getAttribute('id')).toBe('main')
  })
})
