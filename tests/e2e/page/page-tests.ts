import { createHash, randomBytes } from 'node:crypto'
import { statSync, utimesSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import axe, { type AxeResults } from 'axe-core'
import type { Download, Page } from 'playwright-core'
import { expect } from 'vitest'
import { PASSWORD } from '../../helpers/accounts.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import type { SlowLine } from '../../helpers/slow-line.ts'

/** What tests of the page do and look at. */

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** The path of a file to choose. Handed to the browser as bytes, a large one takes more time than all that is done with it. */
export function fileOf(name: string, content: string | Buffer = randomBytes(1000)): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, content)
  return path
}

/** Its bytes are sent in requests of their own; those of smaller files are sent with the creation of the upload. */
export const fileInPieces = (name: string): string => fileOf(name, randomBytes(100_000))

/** Writes it anew. Browsers compare times by the second, so it is said to be from another one. */
export function changeFile(path: string, content: string | Buffer): void {
  const later = statSync(path).mtimeMs / 1_000 + 2
  writeFileSync(path, content)
  utimesSync(path, later, later)
}

/** Chooses files on the send page, as the browser's own dialog does. */
export async function choose(page: Page, files: string[]): Promise<void> {
  await page.getByRole('heading', { name: 'Share files' }).waitFor()
  await page.locator('input[type=file]').first().setInputFiles(files)
}

/** Sends what was chosen, and waits for the link. */
export async function send(page: Page): Promise<string> {
  await page.getByRole('button', { name: /^Send \d/ }).click()
  await page.getByRole('heading', { name: 'Your link is ready' }).waitFor()
  return page.getByRole('textbox', { name: 'Link', exact: true }).inputValue()
}

export async function saved(page: Page, act: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), act()])
  return {
    name: (download as Download).suggestedFilename(),
    bytes: await readFile(await (download as Download).path()),
  }
}

export const isScrollingSideways = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > innerWidth')

/** What axe finds wrong, in a form that tells what to do. It stays in the page, since to load it takes four times as long as to look. */
export async function faults(page: Page): Promise<string[]> {
  for (const frame of page.frames())
    if (!(await frame.evaluate('"axe" in globalThis'))) await frame.evaluate(axe.source)
  const { violations } = await page.evaluate<AxeResults>("axe.run({ resultTypes: ['violations'] })")
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

/** Looks at one view after the other, each by its name, and in the end at what was wrong with any of them. */
export function looker(page: Page) {
  const seen: Record<string, { faults: string[]; scrollsSideways: boolean }> = {}

  async function look(what: string, at = page): Promise<void> {
    seen[what] = { faults: await faults(at), scrollsSideways: await isScrollingSideways(at) }
  }

  function expectNoFaults(): void {
    const clean = { faults: [], scrollsSideways: false }
    expect(seen).toEqual(Object.fromEntries(Object.keys(seen).map((what) => [what, clean])))
  }

  return { look, expectNoFaults }
}

/** Continues with Tab until the focus is on what has this name. */
export async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let step = 0; step < 80; step++) {
    await page.keyboard.press('Tab')
    if (name.test(await page.evaluate(nameOfFocused))) return
  }
  throw new Error(`nothing called ${name} can be reached with Tab`)
}

const nameOfFocused = `(() => {
  const focused = document.activeElement
  return (focused?.getAttribute('aria-label') ?? focused?.labels?.[0]?.textContent ?? focused?.textContent ?? '').trim()
})()`

/** Fills in the form that stands wherever an account is needed. */
export async function logIn(page: Page, login: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(login)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

/** Starts sending, and resolves once the first bytes are sent; the rest would take longer than any test. */
export async function sendSlowly(page: Page, line: SlowLine): Promise<void> {
  line.limit(5_000_000)
  await page.getByRole('button', { name: /^Send \d/ }).click()
  const bar = page.locator('.total progress')
  const progress = () => bar.evaluate((element) => (element as unknown as { value: number }).value)
  await expect.poll(progress).toBeGreaterThan(20)
  line.limit(500_000)
}

/** Sends, and closes the page in the middle. Returns another page of the same browser, with a fast line. */
export async function closeWhileSending(page: Page, line: SlowLine): Promise<Page> {
  await sendSlowly(page, line)
  line.cut()
  await page.close({ runBeforeUnload: false })
  line.mend()
  line.limit(Number.POSITIVE_INFINITY)
  return page.context().newPage()
}

/** Ends what is being sent, and says so when asked. */
export async function cancelSending(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await page.getByRole('button', { name: 'Stop sending' }).click()
}

/** Drops a file anywhere in the window; whether the page kept the browser from opening it. */
export const drop = (page: Page, name: string, content = 'dropped'): Promise<boolean> =>
  page.evaluate(`(() => {
    const dataTransfer = new DataTransfer()
    dataTransfer.items.add(new File([${JSON.stringify(content)}], ${JSON.stringify(name)}, { lastModified: 1 }))
    const eventOf = (type) => new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true })
    const isTaken = !document.body.dispatchEvent(eventOf('dragover'))
    return !document.body.dispatchEvent(eventOf('drop')) && isTaken
  })()`)

/** Pastes a file, as Ctrl+V does when one was copied. */
export const paste = (page: Page, name: string): Promise<void> =>
  page.evaluate(`{
    const clipboardData = new DataTransfer()
    clipboardData.items.add(new File(['pasted'], ${JSON.stringify(name)}))
    document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))
  }`)

/** Where each piece of an upload began. */
export function offsetsSentBy(page: Page): number[] {
  const offsets: number[] = []
  page.on('request', (request) => {
    if (request.method() === 'PATCH') offsets.push(Number(request.headers()['upload-offset']))
  })
  return offsets
}
