import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { createUpload } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, fileOf, saved } from './page-tests.ts'

describe.skipIf(!hasBrowser())('files that are only passed on', () => {
  const open = useBrowser()

  test('go from one page to the other while both are open', async () => {
    const app = await makeApp({ FEATURE_STREAM: 'forced' })
    const sender = await open()
    await sender.goto(`${app.url}/`)
    await choose(sender, [fileOf('passed on.txt', 'from hand to hand')])
    await sender.getByRole('button', { name: /^Send 1 file/ }).click()
    const link = await sender.getByLabel('Go to the link').inputValue()

    const receiver = await open()
    await receiver.goto(link)
    const file = await saved(receiver, () => receiver.getByRole('link', { name: 'Download passed on.txt' }).click())

    expect(file.bytes.toString()).toBe('from hand to hand')
    await sender.getByRole('heading', { name: 'Your link is ready' }).waitFor()
  })

  test('are said not to be there yet while nobody sends them', async () => {
    const app = await makeApp()
    const { id } = await createUpload(app, { stream: true, files: [{ fileName: 'later.txt' }] })
    const page = await open()

    await page.goto(`${app.url}/#/?id=${id}`)

    await page.getByText('Not there yet').waitFor()
    expect(await page.getByRole('link', { name: /^Download/ }).count()).toBe(0)
  })
})
