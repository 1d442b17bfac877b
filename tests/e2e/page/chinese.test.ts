import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { givenUser, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { fileOf } from './page-tests.ts'

/** What people read when something is refused, where they read Chinese. */

async function logIn(page: Page, login: string, password = 'correct horse battery'): Promise<void> {
  await page.getByLabel('用户名').fill(login)
  await page.getByLabel('密码').fill(password)
  await page.getByRole('button', { name: '登录' }).click()
}

async function givenAdmin(app: TestApp, page: Page, path: string): Promise<void> {
  await givenUser(app, 'chief', { isAdmin: true })
  await page.goto(`${app.url}/#${path}`)
  await logIn(page, 'chief')
}

async function send(page: Page): Promise<void> {
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles([fileOf('a.bin')])
  await page.getByRole('button', { name: /^发送 \d/ }).click()
}

const alert = (page: Page, text: string) => page.getByRole('alert').filter({ hasText: text }).waitFor()

describe.skipIf(!hasBrowser())('the Chinese page', () => {
  const browser = useBrowser()
  const open = (): Promise<Page> => browser({ locale: 'zh-CN' })

  test('refuses a wrong login, and after many of them any', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await givenUser(app, 'grace')
    const page = await open()
    await page.goto(`${app.url}/#/login`)

    await logIn(page, 'grace', 'not the password')
    await alert(page, '用户名或密码不正确。')
    await Promise.all(Array.from({ length: 12 }, () => fetch(`${app.url}/auth/local/login`, wrongLogin)))
    await logIn(page, 'grace')

    await alert(page, '请求过于频繁')
  })

  test('says that an upload is over, and that its password was wrong', async () => {
    const app = await makeApp()
    const { upload: old } = await givenFile(app, { ttl: 60 })
    const { upload } = await givenFile(app, { password: 'secret' })
    app.advance(61_000)
    const page = await open()

    await page.goto(`${app.url}/#/?id=${old.id}`)
    await page.getByRole('heading', { name: '这个链接已失效' }).waitFor()
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.getByLabel('密码').fill('wrong')
    await page.getByRole('button', { name: '打开' }).click()

    await page.getByText('密码不正确。').waitFor()
  })

  test('says what the server has against an upload', async () => {
    const app = await makeApp({ ...WITH_ACCOUNTS, MAX_USER_SIZE: '500B' })
    await givenUser(app, 'grace')
    const page = await open()
    await page.goto(`${app.url}/#/login`)
    await logIn(page, 'grace')
    await page.getByRole('heading', { name: '你的上传' }).waitFor()
    await page.goto(`${app.url}/`)

    await send(page)

    await page.getByText('你的存储空间已用完（500 B）').waitFor()
  })

  test('says which limit a file broke that was set while the page was open', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '500B' })
    const page = await open()
    await page.route('**/config', async (route) => {
      const config = (await (await route.fetch()).json()) as object
      await route.fulfill({ json: { ...config, maxFileSize: 1_000_000 } })
    })
    await page.goto(`${app.url}/`)

    await send(page)

    await alert(page, '文件太大（1.0 kB），单个文件最大 500 B')
  })

  test('tells an administrator what is wrong with a user', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const page = await open()
    await givenAdmin(app, page, '/admin/users')
    await page.getByRole('button', { name: '添加用户' }).click()
    await page.getByLabel('用户名').fill('ada')
    await page.getByLabel('密码', { exact: true }).fill('short')

    await page.getByRole('button', { name: '创建' }).click()
    await alert(page, '无法创建用户：用户名太短（至少 4 个字符）')
    await page.getByLabel('用户名').fill('chief')
    await page.getByLabel('密码', { exact: true }).fill('long enough for that')
    await page.getByRole('button', { name: '创建' }).click()

    await alert(page, '用户 local:chief 已存在')
  })

  test('tells an administrator what is wrong with a job, field by field', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const page = await open()
    await givenAdmin(app, page, '/admin/jobs/edit')

    await page.getByLabel('名称').first().fill('ü')
    await page.getByLabel('额外尝试次数').fill('1000')
    await page.getByRole('button', { name: '保存' }).click()

    await alert(page, '名称：应为 1 到 100 个英文字母、数字、空格或 _.:()-；步骤 1 额外尝试次数：太大，最大为 100')
  })

  test('what has no translation is told by its kind, with the server’s words beside it', async () => {
    const app = await makeApp()
    const page = await open()
    await page.route('**/upload', (route) =>
      route.fulfill({ status: 409, json: { detail: 'the moon is in the wrong house' } }),
    )
    await page.goto(`${app.url}/`)

    await send(page)

    await alert(page, '已有变化，请重新加载（the moon is in the wrong house）')
  })

  test('translations that did not come are asked for again', async () => {
    const app = await makeApp({ MAX_FILES_PER_UPLOAD: '1' })
    const page = await open()
    await page.route('**/config', async (route) => {
      const config = (await (await route.fetch()).json()) as object
      await route.fulfill({ json: { ...config, maxFilePerUpload: 5 } })
    })
    await page.route('**/refusals-zh-*.js', (route) => route.abort())
    await page.goto(`${app.url}/`)
    await page
      .locator('input[type=file]')
      .first()
      .setInputFiles([fileOf('a.bin'), fileOf('b.bin')])
    await page.getByRole('button', { name: /^发送 \d/ }).click()
    await alert(page, '填写有误（too many files. maximum is 1）')

    await page.unroute('**/refusals-zh-*.js')
    await page.getByRole('button', { name: /^发送 \d/ }).click()
    await page.waitForResponse('**/refusals-zh-*.js')
    await page.getByRole('button', { name: /^发送 \d/ }).click()

    await alert(page, '文件太多，最多 1 个')
  })

  test('who reads English loads no translations', async () => {
    const app = await makeApp()
    const page = await browser({ locale: 'en-GB' })
    const loaded: string[] = []
    page.on('request', (request) => loaded.push(request.url()))

    await page.goto(`${app.url}/`, { waitUntil: 'networkidle' })

    expect(loaded.length).toBeGreaterThan(3)
    expect(loaded.filter((url) => url.includes('refusals-zh'))).toEqual([])
  })
})

const wrongLogin = { method: 'POST', body: JSON.stringify({ login: 'grace', password: 'wrong' }) }
