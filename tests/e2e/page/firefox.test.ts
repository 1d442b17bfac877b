import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { temporaryFolder } from '../../helpers/database.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { isInstalled, pathOf } from '../../helpers/programs.ts'
import { waitFor } from '../../helpers/wait.ts'

/** Sending, receiving and encrypting in Firefox, driven by WebDriver BiDi. */

describe.skipIf(!isInstalled('firefox'))('in Firefox', () => {
  const downloads = temporaryFolder(afterAll)
  let browser: Browser

  beforeAll(async () => {
    browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: pathOf('firefox'),
      extraPrefsFirefox: { 'browser.download.folderList': 2, 'browser.download.dir': downloads },
    })
  })
  afterAll(() => browser.close())

  /** A page in a context of its own, as another person has it. */
  async function open(url: string): Promise<Page> {
    const page = await (await browser.createBrowserContext()).newPage()
    await page.goto(url)
    return page
  }

  async function send(page: Page, path: string, isEncrypted: boolean): Promise<string> {
    const input = await page.waitForSelector('input[type=file]')
    await input?.uploadFile(path)
    if (isEncrypted) {
      await page.locator('::-p-text(Options)').click()
      await page.locator('::-p-text(Encrypt end to end)').click()
    }
    await page.locator('::-p-text(Send 1 file)').click()
    const link = await page.waitForSelector('::-p-aria([name="Link"][role="textbox"])', { timeout: 30_000 })
    return String(await (await link?.getProperty('value'))?.jsonValue())
  }

  /** The only file in the folder of downloads, once it is whole: until then there is a `.part` beside it. */
  async function savedAs(name: string): Promise<Buffer> {
    const path = join(downloads, name)
    await waitFor(() => expect(readdirSync(downloads)).toEqual([name]))
    const bytes = readFileSync(path)
    rmSync(path)
    return bytes
  }

  test.each([{ isEncrypted: false }, { isEncrypted: true }])(
    'what one person sends another receives, byte for byte (encrypted: $isEncrypted)',
    async ({ isEncrypted }) => {
      const app = await makeApp()
      const name = isEncrypted ? 'sealed.bin' : 'plain.bin'
      const path = join(temporaryFolder(), name)
      const content = randomBytes(2_000_000)
      writeFileSync(path, content)
      const sender = await open(`${app.url}/`)
      const link = await send(sender, path, isEncrypted)
      const receiver = await open(link)
      await receiver.locator(`::-p-aria(Download ${name})`).click()

      expect((await savedAs(name)).equals(content)).toBe(true)
      expect(link.includes('key=')).toBe(isEncrypted)
    },
  )
})
