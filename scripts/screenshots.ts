import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import sharp from 'sharp'
import { plantDemonstration } from '../seeds/demo-uploads.ts'
import { createApp } from '../server/app.ts'
import { readConfig } from '../server/config/config.ts'
import { createLogger } from '../server/lib/logger.ts'
import { launchBrowser } from '../tests/helpers/browser.ts'

/** `npm run screenshots`: creates the images of the documentation from the real pages with the demo data. */

const IMAGES = join(import.meta.dirname, '../docs/images')
const DESK = { width: 960, height: 720 }
const PHONE = { width: 380, height: 780 }

const folder = mkdtempSync(join(tmpdir(), 'mayfly-screenshots-'))
const config = readConfig({ MAYFLY_DATA_DIR: folder, MAYFLY_LOG_LEVEL: 'silent' })
const app = await createApp({ config, log: await createLogger(config) })
const url = await app.server.listen({ host: '127.0.0.1', port: 0 })
const [trip] = await plantDemonstration(app.quickUploads)
const browser = await launchBrowser()

await take('page-send.png', { viewport: DESK }, async (page) => {
  await page.goto(`${url}/`)
  await page.getByRole('heading', { name: 'Share files' }).waitFor()
})

await take('page-share.png', { viewport: { ...DESK, height: 900 } }, async (page) => {
  await page.goto(`${url}/`)
  await page.getByRole('heading', { name: 'Share files' }).waitFor()
  const files = ['contract.pdf', 'figures.xlsx'].map((name) => ({
    name,
    mimeType: '',
    buffer: Buffer.alloc(2_300_000),
  }))
  await page.locator('input[type=file]').first().setInputFiles(files)
  await page.getByText('Options').click()
  await page.getByLabel('Encrypt end to end').check()
  await page.getByRole('button', { name: /^Send/ }).click()
  await page.getByText('End-to-end encrypted and checked').waitFor()
  await page.getByRole('button', { name: 'QR code' }).click()
  await page.locator('svg.qr').waitFor()
})

for (const [name, options] of [
  ['page-receive.png', { viewport: DESK, colorScheme: 'dark' }],
  ['page-phone.png', { viewport: PHONE, colorScheme: 'dark' }],
] satisfies [string, BrowserContextOptions][]) {
  await take(name, options, async (page) => {
    await page.goto(`${url}/#/?id=${trip?.uploadId}`)
    await page.getByText('the lighthouse at dawn').waitFor()
    await page.waitForLoadState('networkidle')
  })
}

await browser.close()
await app.close()
rmSync(folder, { recursive: true })

/** Reduced to few colours, which is enough for the page, so that the images stay small. */
async function take(
  name: string,
  options: BrowserContextOptions,
  arrange: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ deviceScaleFactor: 2, reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  await arrange(page)
  const image = await page.screenshot()
  await sharp(image).png({ palette: true, effort: 10 }).toFile(join(IMAGES, name))
  await context.close()
}
