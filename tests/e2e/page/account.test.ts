import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { givenUser, PASSWORD, sessionOf, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { jsonOf } from '../../helpers/answers.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { type CreatedUpload, fileForm } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { CLIENT, oidcServer } from '../../helpers/oidc-server.ts'
import { freePort } from '../../helpers/postgres-server.ts'
import { spawnServer } from '../../helpers/spawn-server.ts'
import { choose, fileOf, logIn, send } from './page-tests.ts'

const DAY = 86_400

/** A user with one upload for each name. */
async function givenUploads(app: TestApp, login: string, ...names: string[]): Promise<CreatedUpload[]> {
  await givenUser(app, login)
  const headers = await sessionOf(app, login)
  const uploads: CreatedUpload[] = []
  for (const name of names) {
    const body = JSON.stringify({ ttl: DAY })
    const upload = await jsonOf<CreatedUpload>(fetch(`${app.url}/upload`, { method: 'POST', headers, body }))
    const form = { method: 'POST', headers: { 'X-UploadToken': upload.uploadToken }, body: fileForm('hello', name) }
    await jsonOf(fetch(`${app.url}/file/${upload.id}`, form))
    uploads.push(upload)
    app.advance(1000)
  }
  return uploads
}

const row = (page: Page, name: string) => page.locator('.row').filter({ hasText: name })

describe.skipIf(!hasBrowser())('the account page', () => {
  const open = useBrowser()

  test('lets people in with their password only, greets them, and out again', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const { id } = await givenUser(app, 'grace', { name: 'Grace' })
    await app.accounts.users.changeProfile(id, { language: 'en', theme: 'dark' })
    const page = await open({ colorScheme: 'light' })
    await page.goto(`${app.url}/#/account/settings`)

    await logIn(page, 'grace', 'not the password')
    await page.getByText('Wrong user name or password.').waitFor()
    await logIn(page, 'grace')
    await page.getByRole('heading', { name: 'Hello Grace' }).waitFor()

    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    await page.reload()
    await page.getByRole('link', { name: 'Log in' }).waitFor()
    await page.goto(`${app.url}/#/account`)
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
  })

  test('lets people in by way of an OpenID Connect provider', async () => {
    const port = await freePort()
    const PUBLIC_URL = `http://127.0.0.1:${port}`
    const person = { sub: 'grace-1', name: 'Grace', preferred_username: 'grace' }
    const { issuer } = await oidcServer(person, `${PUBLIC_URL}/auth/oidc/callback`)
    const provider = { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: CLIENT.id, OIDC_CLIENT_SECRET: CLIENT.secret }
    const named = { OIDC_PROVIDER_NAME: 'Example ID', FEATURE_LOCAL_LOGIN: 'disabled' }
    await spawnServer({ ...WITH_ACCOUNTS, ...provider, ...named, PORT: String(port), PUBLIC_URL })
    const page = await open()
    await page.goto(`${PUBLIC_URL}/#/login`)

    expect(await page.getByLabel('Password').count()).toBe(0)
    await page.getByRole('button', { name: 'Log in with Example ID' }).click()

    await page.getByRole('heading', { name: 'Your uploads' }).waitFor()
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('heading', { name: 'Hello Grace' }).waitFor()
  })

  test('lists, finds, keeps longer and deletes uploads', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const [plans, photo] = await givenUploads(app, 'grace', 'plans.pdf', 'photo.jpg')
    const page = await open()
    await page.goto(`${app.url}/#/account`)
    await logIn(page, 'grace')
    await page.getByText('2 entries').waitFor()
    await page.getByText('10 bytes').waitFor()

    await page.getByLabel('Search').fill('PLANS')
    await page.getByText('1 entry').waitFor()
    expect(await page.locator('.row-title').allTextContents()).toEqual(['plans.pdf'])
    await page.getByRole('button', { name: 'How long to keep plans.pdf' }).click()
    await page.getByLabel('Keep for').selectOption('7 days')
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await row(page, 'plans.pdf').getByText('Expires in 7 days').waitFor()
    await page.getByRole('button', { name: 'Delete plans.pdf' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('No uploads yet').waitFor()

    expect((await fetch(`${app.url}/upload/${plans?.id}`)).status).toBe(404)
    expect((await fetch(`${app.url}/upload/${photo?.id}`)).status).toBe(200)
  })

  test('are found again as they were by Back: what was searched, how many rows, and where', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUploads(app, 'grace', 'photo.jpg', ...Array.from({ length: 60 }, (_, n) => `plan ${n}.txt`))
    const page = await open({ viewport: { width: 800, height: 600 } })
    await page.goto(`${app.url}/#/account`)
    await logIn(page, 'grace')
    await page.getByLabel('Search').fill('plan')
    await page.getByText('50 of 60').waitFor()
    const rowsAtTheEnd = async () => {
      await page.evaluate('scrollTo(0, document.body.scrollHeight)')
      return page.locator('.row', { hasText: 'plan' }).count()
    }
    await expect.poll(rowsAtTheEnd).toBe(60)
    const title = await page.title()
    const link = page.getByRole('link', { name: 'plan 1.txt' })
    await link.scrollIntoViewIfNeeded()
    const height = await page.evaluate('scrollY')

    await link.click()
    await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    const heightThere = await page.evaluate('scrollY')
    await page.goBack()
    await page.getByText('60 entries').waitFor()

    await expect.poll(() => page.evaluate('scrollY')).toBe(height)
    expect(await page.getByLabel('Search').inputValue()).toBe('plan')
    expect(await page.locator('.row').count()).toBe(60)
    expect(height).toBeGreaterThan(1000)
    expect(heightThere).toBe(0)
    expect(title).toBe('Your uploads · Mayfly')
  })

  test('shows no encrypted names of an upload, and its link only with a warning', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'grace')
    const page = await open()
    await page.goto(`${app.url}/#/login`)
    await logIn(page, 'grace')
    await page.getByRole('link', { name: 'grace' }).waitFor()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('secret.txt', 'hello'), fileOf('more.txt', 'hello')])
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    await page.getByLabel('Message').fill('for you alone')
    const link = await send(page)

    await page.goto(`${app.url}/#/account`)
    await page.getByText('1 entry').waitFor()
    const text = await page.locator('.row').textContent()
    await page.getByRole('button', { name: 'Copy the link of Encrypted upload, 2 files' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('nobody can open the files').waitFor()
    const copied = await dialog.getByLabel('Link without the key').inputValue()

    expect(text).toContain('Encrypted upload, 2 files')
    expect(text).toContain('This link doesn’t contain the key')
    expect(text).not.toMatch(/BEGIN AGE|\.age/)
    expect(link.startsWith(`${copied}&e2ee=2&key=`)).toBe(true)
  })

  test('shows more of a long list as people scroll', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const names = Array.from({ length: 60 }, (_, index) => `${index}.txt`)
    await givenUploads(app, 'grace', ...names)
    const page = await open()
    await page.goto(`${app.url}/#/account`)
    await logIn(page, 'grace')
    await page.getByText('50 of 60').waitFor()

    await row(page, '59.txt').waitFor()
    await row(page, '10.txt').scrollIntoViewIfNeeded()
    await page.getByText('60 entries').waitFor()

    expect((await page.locator('.row-title').allTextContents()).at(-1)).toBe('0.txt')
  })

  test('shows a new token once, and curl uploads with it', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'grace')
    const page = await open()
    await page.goto(`${app.url}/#/account/tokens`)
    await logIn(page, 'grace')
    await page.getByText('You have no tokens yet.').waitFor()

    await page.getByLabel('What is it for?').fill('Laptop')
    await page.getByRole('button', { name: 'Create a token' }).click()
    const command = await page.getByLabel('With curl').inputValue()
    const { stdout } = await promisify(execFile)('sh', ['-c', command.replace('@photo.jpg', '@package.json')])

    expect(stdout).toContain(`${app.url}/file/`)
    expect(await page.getByLabel('Line for ~/.plikrc').inputValue()).toMatch(/^Token = "[\w-]{36}"$/)
    await page.reload()
    await row(page, 'Laptop').waitFor()
    expect(await page.getByLabel('With curl').count()).toBe(0)
    await page.getByRole('link', { name: 'Uploads' }).click()
    await row(page, 'package.json').waitFor()
    await page.getByRole('link', { name: 'API tokens' }).click()
    await page.getByRole('button', { name: 'Delete the token Laptop' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('You have no tokens yet.').waitFor()
    await expect(promisify(execFile)('sh', ['-c', command.replace('-F', '-f -F')])).rejects.toThrow()
  })

  test('keeps language and theme in the account, and takes a new password', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const { id } = await givenUser(app, 'grace')
    const page = await open({ locale: 'en-GB' })
    await page.goto(`${app.url}/#/account/settings`)
    await logIn(page, 'grace')

    await page.getByLabel('New password').fill('a quite new password')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    await page.getByRole('main').getByLabel('Appearance').selectOption('Light')
    await page.getByRole('main').getByLabel('Language').selectOption('中文')
    await page.getByRole('heading', { name: '你好，grace' }).waitFor()
    await page.getByRole('button', { name: '退出登录' }).click()

    await expect.poll(async () => (await app.accounts.users.get(id)).language).toBe('zh')
    expect((await app.accounts.users.get(id)).theme).toBe('light')
    await sessionOf(app, 'grace', 'a quite new password')
  })

  test('lets a program on a terminal upload in one’s name, once its code is approved', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'grace')
    const ask = <T>(path: string, body: object) =>
      jsonOf<T>(fetch(`${app.url}/auth/cli/${path}`, { method: 'POST', body: JSON.stringify(body) }))
    const login = await ask<{ code: string; secret: string }>('init', { hostname: 'laptop' })
    const page = await open()
    await page.goto(`${app.url}/#/cli-auth?${new URLSearchParams({ code: login.code, hostname: 'laptop' })}`)
    await logIn(page, 'grace')

    expect(await page.getByLabel('Code').inputValue()).toBe(login.code)
    expect(await ask('poll', login)).toEqual({ status: 'pending' })
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('heading', { name: 'Done' }).waitFor()

    const { token } = await ask<{ token: string }>('poll', login)
    const headers = { 'X-PlikToken': token }
    await jsonOf(fetch(`${app.url}/upload`, { method: 'POST', headers, body: '{}' }))
    await page.getByRole('link', { name: 'API tokens' }).click()
    await row(page, 'laptop').waitFor()
  })

  test('deletes the account with all that is in it', async () => {
    const app = await makeApp({ ...WITH_ACCOUNTS, FEATURE_DELETE_ACCOUNT: 'enabled' })
    const [upload] = await givenUploads(app, 'grace', 'a.txt')
    const page = await open()
    await page.goto(`${app.url}/#/account/settings`)
    await logIn(page, 'grace')

    await page.getByRole('button', { name: 'Delete my account' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('heading', { name: 'Share files' }).waitFor()

    expect(await app.accounts.users.find('local:grace')).toBeUndefined()
    expect((await fetch(`${app.url}/upload/${upload?.id}`)).status).toBe(404)
  })

  test('works with the keyboard alone', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUploads(app, 'grace', 'a.txt')
    const page = await open()
    await page.goto(`${app.url}/#/account`)
    await page.getByLabel('User name').focus()

    await page.keyboard.type('grace')
    await page.keyboard.press('Tab')
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press('Enter')
    await page.getByText('1 entry').waitFor()
    await page.getByRole('link', { name: 'a.txt' }).focus()
    for (const _ of ['copy', 'how long', 'delete']) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    for (const _ of ['keep', 'delete']) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')

    await page.getByText('No uploads yet').waitFor()
  })

  test('asks visitors who may not upload to log in first', async () => {
    const app = await makeApp({ FEATURE_AUTHENTICATION: 'forced' })
    await givenUser(app, 'grace')
    const page = await open()
    await page.goto(`${app.url}/`)

    await logIn(page, 'grace')

    await page.getByRole('heading', { name: 'Share files' }).waitFor()
  })
})
