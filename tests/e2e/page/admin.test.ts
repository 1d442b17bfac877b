import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { givenUser, sessionOf, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { logIn, looker } from './page-tests.ts'

async function givenAdmin(app: TestApp, page: Page, path: string): Promise<void> {
  await givenUser(app, 'chief', { name: 'The Chief', isAdmin: true })
  await page.goto(`${app.url}/#${path}`)
  await logIn(page, 'chief')
}

describe.skipIf(!hasBrowser())('the page of administrators', () => {
  const open = useBrowser()

  test('shows figures, the activity, and what is wanted', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const { url } = await givenFile(app, {}, 'x'.repeat(1_000_000), 'wanted.bin')
    await (await fetch(url)).arrayBuffer()
    const page = await open()

    await givenAdmin(app, page, '/admin')
    await page.getByRole('img', { name: 'Uploads and downloads per day' }).waitFor()

    expect(await page.locator('.figure').allTextContents()).toEqual([
      'Users1',
      'Uploads11 anonymous',
      'Files1',
      'Stored1 MB1 MB anonymous',
    ])
    await page.getByText('As a table').click()
    expect(await page.locator('.table-frame tbody tr').count()).toBe(30)
    expect(await page.locator('.table-frame tbody tr').first().locator('td').allTextContents()).toEqual([
      '1',
      '1 MB',
      '1',
      '1 MB',
    ])
    await page.getByRole('list', { name: 'Most downloaded files' }).getByRole('link', { name: 'wanted.bin' }).click()
    await page.getByRole('button', { name: 'Delete everything' }).waitFor()
  })

  test('creates a user, sets limits, and sees the page as that user until going back', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const page = await open()
    await givenAdmin(app, page, '/admin/users')

    await page.getByRole('button', { name: 'Add a user' }).click()
    await page.getByLabel('User name').fill('grace')
    await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
    await page.getByLabel('Total storage').fill('much')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByRole('alert').filter({ hasText: 'Total storage is not valid' }).waitFor()
    await page.getByLabel('Total storage').fill('2 GB')
    await page.getByLabel('Maximum lifetime').fill('12h')
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByText('Total storage: 2 GB').waitFor()
    await page.getByRole('button', { name: 'View the page as grace' }).click()
    await page.getByText('You are viewing the page as grace.').waitFor()
    await page.getByText('used of 2 GB (0%)').waitFor()
    await page.reload()
    await page.getByText('You are viewing the page as grace.').waitFor()
    expect(await page.getByRole('link', { name: 'Administration' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Back to my account' }).click()
    await page.getByRole('heading', { name: 'Users' }).waitFor()

    expect(await app.accounts.users.get('local:grace')).toMatchObject({
      isAdmin: false,
      maxUserSizeBytes: 2_000_000_000,
      maxTtlSeconds: 43_200,
    })
    await sessionOf(app, 'grace')
  })

  test('changes and deletes users', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'grace', { maxFileSizeBytes: 5_000_000 })
    const page = await open()
    await givenAdmin(app, page, '/admin/users')

    await page.getByLabel('Search').fill('grac')
    await page.getByText('1 entry').waitFor()
    await page.getByRole('button', { name: 'Edit grace' }).click()
    expect(await page.getByLabel('File size').inputValue()).toBe('5MB')
    await page.getByLabel('Name', { exact: true }).fill('Grace Hopper')
    await page.getByLabel('Role').selectOption('Administrator')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('link', { name: 'Grace Hopper' }).waitFor()
    expect(await app.accounts.users.get('local:grace')).toMatchObject({ isAdmin: true, maxFileSizeBytes: 5_000_000 })
    await page.getByRole('button', { name: 'Delete Grace Hopper' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('No matching users.').waitFor()

    expect(await app.accounts.users.find('local:grace')).toBeUndefined()
  })

  test('lists the uploads of all users by kind, and deletes them', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const { upload } = await givenFile(app, { oneShot: true }, 'once', 'once.txt')
    await givenFile(app, {}, 'plain', 'plain.txt')
    const page = await open()
    await givenAdmin(app, page, '/admin/uploads')
    await page.getByText('2 entries').waitFor()

    await page.getByLabel('Kind').selectOption('One download')
    await page.getByText('1 entry').waitFor()
    await page.getByRole('button', { name: 'Delete once.txt' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('No matching uploads.').waitFor()

    expect((await fetch(`${app.url}/upload/${upload.id}`)).status).toBe(404)
  })

  test('is closed to others', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'grace')
    const page = await open()
    await page.goto(`${app.url}/#/admin/users`)

    await logIn(page, 'grace')

    await page.getByRole('heading', { name: 'Page not found' }).waitFor()
  })
})

describe.skipIf(!hasBrowser()).each(['light', 'dark'] as const)(
  'the pages behind a login in the %s theme',
  (colorScheme) => {
    const open = useBrowser()

    test('have no fault that axe finds, and do not scroll sideways on a small phone', { timeout: 90_000 }, async () => {
      const app = await makeApp({ ...WITH_ACCOUNTS, MAX_USER_SIZE: '1GB' })
      const page = await open({ colorScheme, viewport: { width: 360, height: 740 } })
      const { look, expectNoFaults } = looker(page)
      const { url } = await givenFile(app, { comments: 'word '.repeat(99) }, 'hello', `${'long'.repeat(40)}.txt`)
      await (await fetch(url)).text()
      await givenUser(app, 'somebody-with-a-very-long-login-name', { email: 'a-long-mail-address@files.example.org' })
      await page.goto(`${app.url}/#/login`)
      await page.getByRole('button', { name: 'Log in' }).waitFor()
      await look('login')

      await givenAdmin(app, page, '/admin')
      await page.getByRole('list', { name: 'Most downloaded files' }).waitFor()
      await page.getByText('As a table').click()
      await look('overview')
      await page.getByRole('link', { name: 'Uploads' }).click()
      await page.getByText('1 entry').waitFor()
      await look('uploads')
      await page.getByRole('button', { name: /^How long to keep/ }).click()
      await look('keeping')
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: 'Users' }).click()
      await page.getByText('2 entries').waitFor()
      await look('users')
      await page.getByRole('button', { name: 'Add a user' }).click()
      await look('user')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: /^View the page as/ }).click()
      await page.getByText('No uploads yet').waitFor()
      await look('impersonating')
      await page.getByRole('link', { name: 'API tokens' }).click()
      await page.getByRole('button', { name: 'Create a token' }).click()
      await page.getByText('Your new token').waitFor()
      await look('tokens')
      await page.getByRole('link', { name: 'Settings' }).click()
      await page.getByLabel('New password').waitFor()
      await look('settings')

      expectNoFaults()
    })
  },
)
