import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { isInstalled, pathOf } from './programs.ts'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** The headless shell takes a quarter of the CPU time for a page (0.13 s instead of 0.55 s), but has no viewer for PDF. */
type BrowserProgram = 'chromium' | 'headlessShell'

export const hasBrowser = (): boolean => isInstalled('headlessShell') && isInstalled('chromium')

export const launchBrowser = (flags: string[] = [], program: BrowserProgram = 'headlessShell'): Promise<Browser> =>
  launchFrom(pathOf(program), flags)

/** `executablePath` may be a script that starts the browser somewhere else, as in another network. */
export const launchFrom = (executablePath: string, flags: string[] = []): Promise<Browser> =>
  chromium.launch({ executablePath, args: [...FLAGS, ...flags] })

/** Browsers of this worker, by their flags and program. They end with it: Chromium closes when its pipe does. */
const browsers = new Map<string, Promise<Browser>>()

/**
 * `open` gives a page of its own to each test, in a browser that all files of a worker share. Transitions are off unless a test
 * asks for them: drawing them was a sixth of the CPU time.
 */
export function useBrowser(flags: string[] = [], program: BrowserProgram = 'headlessShell') {
  return async (options: BrowserContextOptions = {}): Promise<Page> => {
    const key = [program, ...flags].join(' ')
    if (!browsers.has(key)) browsers.set(key, launchBrowser(flags, program))
    const context = await (await (browsers.get(key) as Promise<Browser>)).newContext({
      reducedMotion: 'reduce',
      ...options,
    })
    onTestFinished(async () => {
      // What handlers of routes still do then is of no interest.
      for (const routed of [context, ...context.pages()]) await routed.unrouteAll({ behavior: 'ignoreErrors' })
      await context.close()
    })
    return context.newPage()
  }
}
