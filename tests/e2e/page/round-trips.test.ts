import { setTimeout as sleep } from 'node:timers/promises'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { createUpload, givenFile } from '../../helpers/client.ts'
import { sharedApp } from '../../helpers/make-app.ts'
import { givenEncrypted } from './encrypted.ts'

/** Where a round trip takes seconds, what counts is how many of them follow each other until the page can be used. */

/** As many requests a browser has under way with one server over HTTP/1.1. */
const AT_ONCE = 6
/** How long nothing happens once all has followed that follows from what has arrived. */
const QUIET_MS = 1_200

/** Answers requests in rounds, each with what was asked for since the last one, and returns how many it takes until `sign` is there. */
async function roundsUntil(sign: Locator, address: string): Promise<number> {
  const page = sign.page()
  const waiting: (() => void)[] = []
  let isThere = false
  let changedAt = performance.now()
  const note = (): void => {
    changedAt = performance.now()
  }
  page.on('requestfinished', note)
  await page.route('**', async (route) => {
    note()
    if (route.request().resourceType() !== 'image') await new Promise<void>((resolve) => waiting.push(resolve))
    await route.continue()
  })
  const seen = page
    .goto(address, { waitUntil: 'commit' })
    .then(() => sign.waitFor())
    .then(() => {
      isThere = true
    })
  for (let rounds = 0; ; rounds++) {
    await Promise.race([seen, quiet()])
    if (isThere) return rounds
    for (const answer of waiting.splice(0, AT_ONCE)) answer()
    note()
  }

  async function quiet(): Promise<void> {
    while (waiting.length === 0 || performance.now() - changedAt < QUIET_MS) {
      if (isThere) return
      await sleep(20)
    }
  }
}

describe.skipIf(!hasBrowser())('the first visit takes three round trips', () => {
  const app = sharedApp()
  const open = useBrowser()
  const field = (page: Page, name: string) => page.getByLabel(name)

  test('to the page that sends', async () => {
    const page = await open()

    expect(await roundsUntil(page.getByRole('button', { name: 'Choose files' }), `${app.url}/`)).toBe(3)
  })

  test('to files', async () => {
    const { upload } = await givenFile(app, {}, 'hello', 'a.txt')
    const page = await open()

    const link = `${app.url}/#/?id=${upload.id}`
    expect(await roundsUntil(page.getByRole('link', { name: 'Download a.txt' }), link)).toBe(3)
  })

  test('to the question for a password', async () => {
    const { id } = await createUpload(app, { password: 'secret' })
    const page = await open()

    expect(await roundsUntil(field(page, 'Password'), `${app.url}/#/?id=${id}`)).toBe(3)
  })

  test('to encrypted files', async () => {
    const { link } = await givenEncrypted(app, [{ path: 'a.txt', content: 'hello' }])
    const page = await open()

    expect(await roundsUntil(page.getByRole('button', { name: 'Download a.txt' }), link)).toBe(3)
  })
})
