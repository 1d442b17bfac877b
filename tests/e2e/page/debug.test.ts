import { test } from 'vitest'
import { useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { givenEncrypted } from './encrypted.ts'

const open = useBrowser()
test('debug', async () => {
  const app = await makeApp()
  const { link, upload } = await givenEncrypted(app, [
    { path: 'a.txt', content: 'a' },
    { path: 'letter.txt', content: 'a' },
  ])
  const page = await open()
  page.on('console', (m) => console.log('CONSOLE', m.text()))
  page.on('pageerror', (m) => console.log('ERROR', m.stack))
  page.on('response', (r) => r.status() >= 400 && console.log(r.status(), r.url()))
  await page.goto(link + '&uploadToken=' + upload.uploadToken)
  await page.getByRole('button', { name: 'Delete letter.txt' }).click()
  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  await page.waitForTimeout(4000)
  console.log(await page.locator('main').innerHTML())
  await page.screenshot({ path: '/tmp/debug.png' })
})
