import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { givenUser, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { choose, fileOf, logIn, looker, send, sendSlowly } from './page-tests.ts'

const LONG = `${'a very long name that somebody gave to a photo '.repeat(3)}withoutanyspacesattheend${'x'.repeat(60)}.jpg`

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true }).waitFor()

describe.skipIf(!hasBrowser()).each(['light', 'dark'] as const)('at work in the %s theme', (colorScheme) => {
  const open = useBrowser()
  const onPhone = () => open({ colorScheme, viewport: { width: 360, height: 740 } })

  test('sending has no fault that axe finds, and nothing scrolls sideways', { timeout: 90_000 }, async () => {
    const app = await makeApp()
    const line = await slowLine(() => app.url)
    const page = await onPhone()
    const { look, expectNoFaults } = looker(page)
    await page.goto(`${line.url}/`)
    await choose(page, [fileOf(LONG, randomBytes(6_000_000)), fileOf('b.pdf', randomBytes(6_000_000)), fileOf('c.txt')])

    await sendSlowly(page, line)
    line.limit(20_000)
    await look('sending')
    const other = await page.context().newPage()
    await other.goto(page.url())
    await other.getByText('being sent in another tab').waitFor()
    await look('sent in another tab', other)
    await page.getByRole('button', { name: 'Pause', exact: true }).click()
    await heading(page, 'Paused')
    await look('paused')
    await page.getByRole('button', { name: 'Continue', exact: true }).click()
    await heading(page, 'Sending 3 files')
    line.cut()
    await heading(page, 'Waiting for the connection')
    await look('no connection')
    await page.close({ runBeforeUnload: false })
    await heading(other, 'An upload was interrupted')
    await look('left unfinished', other)
    await other.locator('.unfinished input[type=file]').setInputFiles([fileOf('other.bin')])
    await other.getByRole('alert').waitFor()
    await look('other files than those', other)

    expectNoFaults()
  })

  test('errors have no fault that axe finds, and nothing scrolls sideways', { timeout: 90_000 }, async () => {
    const app = await makeApp({ FEATURE_PASSWORD: 'forced', MAX_FILE_SIZE: '1MB' })
    const page = await onPhone()
    const { look, expectNoFaults } = looker(page)
    await page.goto(`${app.url}/`)

    await choose(page, [fileOf(LONG, randomBytes(1_000_001)), fileOf('b.pdf'), fileOf('c.txt')])
    await page.getByRole('alert').filter({ hasText: 'is larger than this server allows' }).waitFor()
    await look('too large')
    await page.getByRole('button', { name: /^Send 2/ }).click()
    expect(await page.locator(':focus').getAttribute('type')).toBe('password')
    await look('options with a password that is missing')
    await page.getByLabel('Password').fill('secret')
    await page.route('**/upload', (route) =>
      route.fulfill({ status: 400, contentType: 'text/plain', body: `not ${'so'.repeat(60)}\n` }),
    )
    await page.getByRole('button', { name: /^Send 2/ }).click()
    await page.getByRole('alert').filter({ hasText: 'soso' }).waitFor()
    await look('options that the server refuses')
    await page.unroute('**/upload')
    await page.route('**/tus', (route) =>
      route.fulfill({ status: 403, contentType: 'text/plain', body: `no ${'more'.repeat(40)}\n` }),
    )
    await page.getByRole('button', { name: /^Send 2/ }).click()
    await heading(page, 'Some files could not be sent')
    await look('failed')
    await page.unroute('**/tus')
    await page.getByRole('button', { name: 'Retry b.pdf' }).click()
    await page.locator('.file.done').waitFor()
    await look('one failed')
    await page.getByRole('button', { name: 'Try again', exact: true }).click()
    await heading(page, 'Your link is ready')

    expectNoFaults()
  })

  test('sharing has no fault that axe finds, and nothing scrolls sideways', { timeout: 60_000 }, async () => {
    const app = await makeApp()
    const page = await onPhone()
    await page.addInitScript('navigator.share = async () => { throw new Error() }')
    const { look, expectNoFaults } = looker(page)
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf(LONG), fileOf('b.pdf')])
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    await send(page)

    await page.getByRole('button', { name: 'Share…' }).click()
    await page.getByRole('alert').waitFor()
    await page.getByRole('button', { name: 'QR code' }).click()
    await page.getByText('More ways to share').click()
    await page.getByRole('button', { name: 'Copy the link', exact: true }).click()
    await look('shared')
    await page.getByRole('button', { name: 'Delete everything' }).click()
    await look('asked')

    expectNoFaults()
  })

  test('dialogs behind a login have no fault that axe finds, and nothing scrolls sideways', {
    timeout: 120_000,
  }, async () => {
    const app = await makeApp({ ...WITH_ACCOUNTS, FEATURE_DELETE_ACCOUNT: 'enabled' })
    await app.jobEngine.agent.start()
    await givenUser(app, 'chief', { isAdmin: true })
    await givenUser(app, 'somebody-with-a-very-long-login-name')
    await givenFile(app, {}, 'hello', LONG)
    const page = await onPhone()
    const { look, expectNoFaults } = looker(page)
    const lookAt = async (button: RegExp) => {
      await page.getByRole('button', { name: button }).first().click()
      await page.getByRole('dialog').waitFor()
      await look(button.source)
      await page.keyboard.press('Escape')
    }
    const goTo = async (path: string, title: string) => {
      await page.goto(`${app.url}/#${path}`)
      await heading(page, title)
    }
    await page.goto(`${app.url}/#/account/tokens`)
    await logIn(page, 'chief', 'wrong')
    await page.getByRole('alert').waitFor()
    await look('not let in')
    await logIn(page, 'chief')

    await page.getByLabel('What is it for?').fill(LONG)
    await page.getByRole('button', { name: 'Create a token' }).click()
    await page.getByText('Your new token').waitFor()
    await look('a token, shown once')
    await lookAt(/^Delete the token/)
    await goTo('/account/settings', 'Hello chief')
    await lookAt(/^Delete my account/)
    await goTo('/admin/uploads', 'All uploads')
    await lookAt(/^How long to keep/)
    await lookAt(/^Delete a very long/)
    await goTo('/admin/users', 'Users')
    await lookAt(/^Edit somebody/)
    await lookAt(/^Delete somebody/)
    await page.getByRole('button', { name: 'Add a user' }).click()
    await page.getByLabel('User name').fill('grace')
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
    await page.getByLabel('Total storage').fill('much')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('alert').waitFor()
    await look('a user who can’t be')
    await goTo('/admin/jobs/schedules', 'Schedules')
    await lookAt(/^Delete every minute/)
    await page.getByRole('button', { name: 'New schedule' }).click()
    await page.getByLabel('Name').fill('lunch')
    await page.getByLabel('Cron expression').fill('0 12 * *')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').waitFor()
    await look('a schedule that can’t be')
    await goTo('/admin/jobs/operators', 'Operators')
    await look('no operators')
    await page.getByRole('button', { name: 'New operator' }).click()
    await page.getByLabel('Name').fill('On call')
    await page.getByLabel('Notify by').selectOption('Webhook')
    await page.getByLabel('URL').fill('https://a-long-address.of-a-webhook.files.example.org/mayfly')
    await look('an operator')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByLabel('Signing key').waitFor()
    await look('a key, shown once')
    await lookAt(/^Delete On call/)
    await goTo('/admin/jobs/edit', 'New job')
    await page.getByRole('button', { name: 'Add a step' }).click()
    await page.getByRole('region', { name: 'Step 2' }).getByLabel('Action').selectOption('backup-database')
    await page.getByRole('region', { name: 'Step 2' }).getByLabel('keep').fill('0')
    await page.getByLabel('Name').first().fill('no job')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').waitFor()
    await look('steps of a job that can’t be')
    await page.goto(`${app.url}/#/admin/jobs/edit?job=check-links`)
    await heading(page, 'check-links')
    await lookAt(/^Delete this job/)
    await goTo('/admin/jobs/history', 'History')
    await page.getByLabel('Outcome').selectOption('Failed')
    await page.getByText('No runs in this period.').waitFor()
    await look('no history')

    expectNoFaults()
  })
})
