import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { givenEncrypted } from './encrypted.ts'

/** Browsers trust 127.0.0.1; over plain HTTP under any other name they have no cryptography, no service workers, no file pickers. */
const NAME = 'mayfly.example'
const overPlainHttp = (link: string): string => link.replace('127.0.0.1', NAME)

describe.skipIf(!hasBrowser())('over plain HTTP', () => {
  const open = useBrowser([`--host-resolver-rules=MAP ${NAME} 127.0.0.1`])

  test('an encrypted upload asks for HTTPS, and accuses nobody', async () => {
    const app = await makeApp()
    const { link, upload } = await givenEncrypted(app, [{ path: 'plans.txt', content: 'secret' }], {
      comments: 'sealed as well',
    })
    const page = await open()

    await page.goto(overPlainHttp(link))

    await page.getByText('This page can decrypt only over HTTPS').waitFor()
    expect(await page.getByText('plans.txt').count()).toBe(1)
    expect(await page.getByText('Do not trust this link').count()).toBe(0)
    expect(await page.getByText('sealed as well').count()).toBe(0)
    expect(upload.id).not.toBe('')
  })

  test('an encrypted file says that it needs HTTPS, and none of it is fetched', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [{ path: 'once.txt', content: 'secret' }], { oneShot: true })
    const page = await open()
    await page.goto(overPlainHttp(link))

    await page.getByRole('button', { name: 'Download once.txt' }).click()

    await page.getByRole('alert').filter({ hasText: 'This page can decrypt only over HTTPS' }).waitFor()
    await page.reload()
    expect(await page.getByRole('button', { name: 'Download once.txt' }).count()).toBe(1)
  })
})
