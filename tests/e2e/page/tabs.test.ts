import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { slowLine } from '../../helpers/slow-line.ts'
import { choose, fileOf, saved, sendSlowly, sha256 } from './page-tests.ts'

const elsewhere = (page: Page) => page.getByText('1 file is being sent in another tab')
const interrupted = (page: Page) => page.getByRole('heading', { name: 'An upload was interrupted' })

/** An upload that one tab sends, and a second tab; `host` is the server's name in the address. */
async function givenTwoTabs(open: () => Promise<Page>, host: string) {
  const app = await makeApp()
  const line = await slowLine(() => app.url)
  const url = line.url.replace('127.0.0.1', host)
  const content = randomBytes(12_000_000)
  const first = await open()
  await first.goto(`${url}/`)
  await choose(first, [fileOf('large.bin', content)])
  await sendSlowly(first, line)
  const second = await first.context().newPage()
  await second.goto(`${url}/`)
  return { line, content, first, second }
}

/** Browsers keep locks to pages that came over HTTPS or from the same machine. */
describe.skipIf(!hasBrowser()).each([
  ['with locks', '127.0.0.1', true],
  ['over plain HTTP', 'mayfly.example', false],
] as const)('an upload in another tab, %s', (_, host, isSecure) => {
  const open = useBrowser(['--host-resolver-rules=MAP mayfly.example 127.0.0.1'])

  test('is not called interrupted until that tab is closed, and then continues', { timeout: 60_000 }, async () => {
    const { line, content, first, second } = await givenTwoTabs(open, host)

    await elsewhere(second).waitFor()
    expect(await second.evaluate('isSecureContext')).toBe(isSecure)
    expect(await interrupted(second).count()).toBe(0)
    await first.close({ runBeforeUnload: false })
    await interrupted(second).waitFor()
    line.limit(Number.POSITIVE_INFINITY)
    await second.locator('.unfinished input[type=file]').setInputFiles([fileOf('large.bin', content)])
    await second.getByRole('heading', { name: 'Your link is ready' }).waitFor()

    const file = await saved(second, () => second.getByRole('link', { name: 'Download large.bin' }).click())
    expect(sha256(file.bytes)).toBe(sha256(content))
  })

  test('disappears from the other tabs as soon as everything has arrived', { timeout: 60_000 }, async () => {
    const { line, first, second } = await givenTwoTabs(open, host)
    await elsewhere(second).waitFor()

    line.limit(Number.POSITIVE_INFINITY)
    await first.getByRole('heading', { name: 'Your link is ready' }).waitFor()
    await elsewhere(second).waitFor({ state: 'detached' })

    expect(await interrupted(second).count()).toBe(0)
  })

  test('can be continued when its tab has crashed, by one of the others', { timeout: 60_000 }, async () => {
    const { first, second } = await givenTwoTabs(open, host)
    await elsewhere(second).waitFor()
    const third = await first.context().newPage()
    await third.goto(second.url())
    await elsewhere(third).waitFor()

    await crash(first)
    await Promise.all([interrupted(second).waitFor(), interrupted(third).waitFor()])
    await second.locator('.unfinished input[type=file]').setInputFiles([fileOf('large.bin', randomBytes(12_000_000))])

    await elsewhere(third).waitFor()
    expect(await interrupted(third).count()).toBe(0)
  })

  test('is interrupted when its tab is loaded again', { timeout: 60_000 }, async () => {
    const { first, second } = await givenTwoTabs(open, host)
    await elsewhere(second).waitFor()
    first.on('dialog', (dialog) => void dialog.accept())

    await first.reload()

    await Promise.all([interrupted(first).waitFor(), interrupted(second).waitFor()])
  })
})

/** Ends the process of a tab, as when memory runs out. */
async function crash(page: Page): Promise<void> {
  const crashed = page.waitForEvent('crash')
  page.goto('chrome://crash').catch(() => {}) // nothing answers any more
  await crashed
}
