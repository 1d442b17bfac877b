import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApp } from '../server/app.ts'
import { readConfig } from '../server/config.ts'
import { createLogger } from '../server/logger.ts'
import { launchBrowser } from '../tests/helpers/browser.ts'

/** `npm run screenshots`: the pictures of the documentation, taken of the real pages. */

const folder = mkdtempSync(join(tmpdir(), 'mayfly-screenshots-'))
const config = readConfig({
  MAYFLY_DATA_DIR: folder,
  MAYFLY_LOG_LEVEL: 'silent',
  MAYFLY_PUBLIC_URL: 'https://files.example.org',
})
const app = await createApp({ config, log: createLogger(config) })
const url = await app.server.listen({ host: '127.0.0.1', port: 0 })
const browser = await launchBrowser()
const page = await browser.newPage({ viewport: { width: 900, height: 720 }, deviceScaleFactor: 2 })
await page.goto(url)
await page.screenshot({ path: join(import.meta.dirname, 'upload-page.png') })
await browser.close()
await app.close()
rmSync(folder, { recursive: true })
