import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { choose, fileOf, saved, send } from './page-tests.ts'

describe.skipIf(!hasBrowser())('the page', () => {
  const open = useBrowser()

  test('works under a path prefix, encryption included, and makes no requests to other servers', async () => {
    const app = await makeApp({ PATH_PREFIX: '/files' })
    const page = await open()
    const requests: string[] = []
    const problems: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    await page.goto(app.url)
    await choose(page, [fileOf('a.txt', 'under a prefix')])
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    const link = await send(page)

    const file = await saved(page, () => page.getByRole('button', { name: 'Download a.txt' }).click())

    expect(link).toMatch(`${app.url}/#/?id=`)
    expect(file.bytes.toString()).toBe('under a prefix')
    expect(requests.filter((url) => !url.startsWith(app.url) && !url.startsWith('blob:'))).toEqual([])
    expect(problems).toEqual([])
  })

  test('of the API shows what it describes, under a policy that runs its own scripts only (P13)', async () => {
    const app = await makeApp({ PATH_PREFIX: '/files' })
    const page = await open()
    const refused: string[] = []
    page.on('console', (message) => void (message.text().includes('script-src') && refused.push(message.text())))

    await page.goto(`${app.url}/docs/`)

    await page.getByRole('heading', { name: 'Mayfly', exact: true }).first().waitFor()
    expect(refused).toEqual([])
  })

  test('fetches files from the download domain, where there is one', async () => {
    const domain = await slowLine(() => app.url)
    const app = await makeApp({ DOWNLOAD_DOMAIN: domain.url })
    const page = await open()
    await page.goto(`${app.url}/`)
    await choose(page, [fileOf('a.txt', 'elsewhere')])
    await page.getByText('Options').click()
    await page.getByLabel('Encrypt end to end').check()
    await send(page)
    await page.getByText('End-to-end encrypted and checked').waitFor()

    const file = await saved(page, () => page.getByRole('button', { name: 'Download a.txt' }).click())

    expect(file.bytes.toString()).toBe('elsewhere')
  })

  test('speaks the language of the browser or the one that was chosen, and keeps to it', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app)
    const page = await open({ locale: 'zh-CN' })
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: '分享文件' }).waitFor()
    const first = await page.evaluate('document.documentElement.lang')

    await page.getByLabel('语言').selectOption({ label: 'English' })
    await page.goto(`${app.url}/#/?id=${upload.id}`)
    await page.reload()

    await page.getByRole('heading', { name: /^1 file/ }).waitFor()
    expect([first, await page.evaluate('document.documentElement.lang')]).toEqual(['zh-Hans', 'en'])
  })

  test('is light or dark as the device, or as it was told', async () => {
    const app = await makeApp()
    const page = await open({ colorScheme: 'dark' })
    const scheme = () => page.evaluate('getComputedStyle(document.documentElement).colorScheme')
    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    const followed = await scheme()

    await page.getByRole('button', { name: 'Appearance: System' }).click()
    const chosen = await scheme()
    await page.reload()
    await page.getByRole('button', { name: 'Appearance: Light' }).waitFor()

    expect([followed, chosen, await scheme()]).toEqual(['light dark', 'light', 'light'])
  })
})
