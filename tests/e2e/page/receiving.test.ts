import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { faults, isScrollingSideways } from './page-tests.ts'
import { STATES } from './receiving-states.ts'

const PHONE = { viewport: { width: 360, height: 740 } } as const

async function faultsIn(page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
  await page.emulateMedia({ colorScheme })
  return faults(page)
}

describe.skipIf(!hasBrowser())('receiving, on a small phone', () => {
  const open = useBrowser()
  const openWithPdf = useBrowser([], 'chromium')

  test.each(Object.entries(STATES))(
    'has no fault that axe finds in either theme, and does not scroll sideways: %s',
    async (_, { options, script, isPdf, arrange }) => {
      const app = await makeApp()
      const page = await (isPdf ? openWithPdf : open)({ ...PHONE, ...options })
      if (script) await page.addInitScript(script)

      await arrange(app, page)

      expect(await faultsIn(page, 'light')).toEqual([])
      expect(await faultsIn(page, 'dark')).toEqual([])
      expect(await isScrollingSideways(page)).toBe(false)
    },
  )
})
