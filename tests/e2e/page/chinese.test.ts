import type { BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { givenUser, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { faults, fileOf } from './page-tests.ts'

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

  test('shows that an upload has expired, and that its password was wrong', async () => {
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
    await alert(page, '用户名太短（至少 4 个字符）')
    await page.getByLabel('用户名').fill('chief')
    await page.getByLabel('密码', { exact: true }).fill('long enough for that')
    await page.getByRole('button', { name: '创建' }).click()

    await alert(page, '用户 local:chief 已存在')
  })

  test('tells an administrator what is wrong with a job, field by field', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    const page = await open()
    await givenAdmin(app, page, '/admin/jobs/edit')

    await page.getByLabel('名称').first().fill('a/b')
    await page.getByLabel('额外尝试次数').fill('1000')
    await page.getByRole('button', { name: '保存' }).click()

    await alert(page, '名称：应为 1 到 100 个文字、数字、空格或 _.:()-；步骤 1 额外尝试次数：太大，最大为 100')
  })

  test('tells what jobs are for, and what they did', async () => {
    const app = await makeApp(WITH_ACCOUNTS)
    await app.jobEngine.agent.start()
    await givenFile(app)
    const page = await open()
    await givenAdmin(app, page, '/admin/jobs')

    await page.getByText('核对文件与数据：标记损坏的，清除无主的').waitFor()
    await page.getByRole('button', { name: '立即运行 check-links' }).click()
    await page.locator('.row').filter({ hasText: 'check-links' }).getByText('成功').waitFor()
    await page.getByRole('link', { name: 'check-links 的历史记录' }).click()
    await page.getByText('手动：user chief').click()

    await page.getByText('作业成功。最后运行的是步骤 2').waitFor()
    await page.getByText('检查了 1 个文件：0 个缺少数据').waitFor()
  })

  test('an error without a translation is shown by its status, with the server’s message', async () => {
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

  test('the English page loads no translations', async () => {
    const app = await makeApp()
    const page = await browser({ locale: 'en-GB' })
    const loaded: string[] = []
    page.on('request', (request) => loaded.push(request.url()))

    await page.goto(`${app.url}/`, { waitUntil: 'networkidle' })

    expect(loaded.length).toBeGreaterThan(3)
    expect(loaded.filter((url) => url.includes('refusals-zh'))).toEqual([])
  })
})

describe.skipIf(!hasBrowser())('the Chinese page without JavaScript', () => {
  const browser = useBrowser()
  const open = (options: BrowserContextOptions = {}): Promise<Page> =>
    browser({ locale: 'zh-CN', javaScriptEnabled: false, ...options })

  async function upload(page: Page, ...sizes: number[]): Promise<void> {
    const files = sizes.map((size, index) => fileOf(`${index}.bin`, Buffer.alloc(size)))
    await page.locator('input[type=file]').setInputFiles(files)
    await page.getByRole('button', { name: '上传' }).click()
  }

  test('sends files, shows the links, and leads to the list', async () => {
    const app = await makeApp()
    const page = await open()
    await page.goto(`${app.url}/`)

    await page.getByLabel('保留时间').selectOption('1小时')
    await page.getByLabel('每个文件只能下载一次').check()
    await upload(page, 10, 20)
    await page.getByRole('heading', { name: '链接已就绪' }).waitFor()
    await page.getByText('每个文件只能下载一次。').waitFor()
    await page.locator('a[href*="?id="]').click()

    await page.getByRole('heading', { name: '给你的文件' }).waitFor()
    expect(await page.getByRole('link', { name: '打包下载全部文件' }).count()).toBe(1)
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-Hans')
  })

  test('says why files are refused', async () => {
    const app = await makeApp({ MAX_FILE_SIZE: '1kB', MAX_FILES_PER_UPLOAD: '2' })
    const page = await open()
    await page.goto(`${app.url}/`)

    await upload(page, 1001)
    await page.getByText('文件太大（上限为 1.0 kB）').waitFor()
    await page.getByRole('link', { name: '返回首页' }).click()
    await upload(page, 1, 2, 3)

    await page.getByText('此上传的文件数量已达上限：2 个').waitFor()
  })

  test('shows that a link has expired', async () => {
    const app = await makeApp()
    const { upload: old } = await givenFile(app, { ttl: 60 })
    app.advance(61_000)
    const page = await open()

    await page.goto(`${app.url}/?id=${old.id}`)

    await page.getByRole('heading', { name: '这个链接已失效' }).waitFor()
    expect(await page.locator('.card p').textContent()).toContain('请向发送者索取新的链接')
  })

  test('says that the password was wrong, and after many of them that it takes a while', async () => {
    const app = await makeApp()
    const { upload: locked } = await givenFile(app, { password: 'secret' })
    const page = await open({ httpCredentials: WRONG })
    const address = `${app.url}/?id=${locked.id}&unlock=1`

    await page.goto(address)
    await page.getByText('访问此上传需要密码（用户名或密码错误）').waitFor()
    await Promise.all(
      Array.from({ length: 12 }, (_, count) =>
        fetch(address, { headers: { Authorization: `Basic ${btoa(`plik:${count}`)}` } }),
      ),
    )
    await page.goto(address)

    await page.getByText('密码错误次数过多，请稍候').waitFor()
  })

  test('does not scroll sideways on a small phone', async () => {
    const app = await makeApp({ ABUSE_CONTACT: 'abuse@example.org' })
    const page = await open({ viewport: { width: 360, height: 640 } })

    await page.goto(`${app.url}/`)
    const picture = await page.screenshot({ fullPage: true })

    expect((await sharp(picture).metadata()).width).toBe(360)
  })

  test('has nothing that axe finds where something was refused', async () => {
    const app = await makeApp()
    const { upload: locked } = await givenFile(app, { password: 'secret' })
    const page = await open({ javaScriptEnabled: true, httpCredentials: WRONG })

    await page.goto(`${app.url}/?id=${locked.id}&unlock=1`)
    await page.getByRole('heading', { name: '未能完成' }).waitFor()

    expect(await faults(page)).toEqual([])
  })
})

const WRONG = { username: 'plik', password: 'wrong' }
const wrongLogin = { method: 'POST', body: JSON.stringify({ login: 'grace', password: 'wrong' }) }
