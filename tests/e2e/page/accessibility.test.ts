import { describe, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { choose, fileOf, looker, send } from './page-tests.ts'

const LONG = `${'a very long name that somebody gave to a photo '.repeat(3)}withoutanyspacesattheend${'x'.repeat(60)}.jpg`

describe.skipIf(!hasBrowser()).each(['light', 'dark'] as const)('the page in the %s theme', (colorScheme) => {
  const open = useBrowser()

  test('has no fault that axe finds, and does not scroll sideways on a small phone', { timeout: 60_000 }, async () => {
    const app = await makeApp()
    const page = await open({ colorScheme, viewport: { width: 360, height: 740 } })
    const { look, expectNoFaults } = looker(page)
    const { upload: locked } = await givenFile(app, { password: 'secret' })
    const { upload: received } = await givenFile(
      app,
      {
        comments: `${'long'.repeat(60)} **text** [link](https://example.org)\n\n| a | b |\n|---|---|\n| ${'c'.repeat(80)} | d |`,
      },
      'hello',
      LONG,
    )
    const empty = await createUpload(app)

    await page.goto(`${app.url}/`)
    await page.getByRole('heading', { name: 'Share files' }).waitFor()
    await look('empty')
    await choose(page, [fileOf(LONG), fileOf('b.pdf')])
    await page.getByText('Options').click()
    await look('chosen')
    await page.getByLabel('Encrypt end to end').check()
    await page.getByRole('button', { name: 'Write text' }).click()
    await look('text')
    await page.keyboard.press('Escape')
    await send(page)
    await page.getByRole('button', { name: 'QR code' }).click()
    await page.getByText('More ways to share').click()
    await look('shared')
    await page.getByRole('button', { name: 'Delete everything' }).click()
    await look('asked')
    await page.goto(`${app.url}/#/?id=${received.id}`)
    await page.getByText('withoutanyspaces').first().waitFor()
    await look('received')
    await page.getByRole('button', { name: /^Preview/ }).click()
    await page.locator('.preview').waitFor()
    await look('previewed')
    await page.keyboard.press('Escape')
    await page.locator('.preview').waitFor({ state: 'hidden' }) // it goes back in the history, which takes a moment
    await page.goto(`${app.url}/#/?id=${empty.id}`)
    await page.getByText('All files have been downloaded').waitFor()
    await look('nothing there')
    await page.goto(`${app.url}/#/?id=${locked.id}`)
    await page.getByRole('heading', { name: 'Password required' }).waitFor()
    await look('locked')
    await page.goto(`${app.url}/#/?id=unknown`)
    await page.getByRole('heading', { name: 'This link no longer works' }).waitFor()
    await look('gone')
    await page.goto(`${app.url}/#/nowhere`)
    await page.getByRole('heading', { name: 'Page not found' }).waitFor()
    await look('not found')

    expectNoFaults()
  })
})
