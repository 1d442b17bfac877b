import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'

describe.skipIf(!hasBrowser())('a link that leads to no file', () => {
  const open = useBrowser()

  test('is explained on the page', async () => {
    const app = await makeApp()
    const { upload, url } = await givenFile(app)
    await fetch(`${app.url}/upload/${upload.id}`, {
      method: 'DELETE',
      headers: { 'X-UploadToken': upload.uploadToken },
    })
    const page = await open()

    await page.goto(url)

    await page.getByRole('heading', { name: 'This file can’t be downloaded' }).waitFor()
    expect(await page.getByText('It has expired, was removed or already downloaded').count()).toBe(1)
  })

  test('shows nothing that others wrote into the address', async () => {
    const app = await makeApp()
    const page = await open()

    await page.goto(`${app.url}/#/?err=Call+0900+666&errcode=400&uri=/x`)

    await page.getByRole('heading', { name: 'This file can’t be downloaded' }).waitFor()
    expect(await page.getByText('The link does not lead to a file.').count()).toBe(1)
    expect(await page.getByText('0900').count()).toBe(0)
  })
})
