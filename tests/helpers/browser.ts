import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
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

/** All pages of a context in one process: a page in a new one takes three times the CPU time (1.3 instead of 0.4 s, two busy cores). */
const ONE_PROCESS = ['--renderer-process-limit=1']

/** Contexts that no test uses now, each with a blank page, which keeps its process. */
const idle = new Map<Browser, BrowserContext[]>()

/**
 * `open` gives pages to tests, in a browser that all files of a worker share; each page has cookies, storage and caches of its own.
 * With options it has a context of its own, which a test needs that changes one for good, as `page.clock` does: `open({})`.
 * Transitions are off unless a test asks for them: drawing them was a sixth of the CPU time.
 */
export function useBrowser(flags: string[] = ONE_PROCESS, program: BrowserProgram = 'headlessShell') {
  return async (options?: BrowserContextOptions): Promise<Page> => {
    const key = [program, ...flags].join(' ')
    if (!browsers.has(key)) browsers.set(key, launchBrowser(flags, program))
    const browser = await (browsers.get(key) as Promise<Browser>)
    if (options || flags !== ONE_PROCESS)
      return openIn(await newContext(browser, options), (context) => context.close())
    return openIn(idle.get(browser)?.pop() ?? (await newContext(browser)), (context) => keep(browser, context))
  }
}

const newContext = (browser: Browser, options?: BrowserContextOptions): Promise<BrowserContext> =>
  browser.newContext({ reducedMotion: 'reduce', ...options })

function openIn(context: BrowserContext, finish: (context: BrowserContext) => Promise<void>): Page | Promise<Page> {
  onTestFinished(async () => {
    // What handlers of routes still do then is of no interest.
    for (const routed of [context, ...context.pages()]) await routed.unrouteAll({ behavior: 'ignoreErrors' })
    await finish(context)
  })
  return context.pages()[0] ?? context.newPage()
}

/** For the next test, as if it were new. */
async function keep(browser: Browser, context: BrowserContext): Promise<void> {
  const used = context.pages()
  const page = await context.newPage()
  for (const old of used) await old.close()
  const session = await context.newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin: '*', storageTypes: 'all' })
  await session.send('Network.clearBrowserCache')
  await session.detach()
  await context.setOffline(false)
  await context.clearCookies()
  idle.set(browser, [...(idle.get(browser) ?? []), context])
}
