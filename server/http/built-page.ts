import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError } from '../errors.ts'

/** Where `vite build` puts the page. */
const BUILT = new URL('../../web/dist/', import.meta.url)
export const ASSETS_FOLDER = fileURLToPath(new URL('assets', BUILT))

/** Where the page has room for what people without JavaScript see. */
const PLACE = '<!--without-script-->'

/**
 * The page as it was built. `withScript` runs it, and shows `content` where scripts don't run; `withoutScript` is the same
 * page with `content` for everybody. Throws `unavailable`: it was not built.
 */
export function createBuiltPage() {
  let html: string | undefined

  function read(name: string): string {
    try {
      return readFileSync(new URL(name, BUILT), 'utf8')
    } catch (cause) {
      throw new AppError('unavailable', 'the page is not built, run: npm run build', { cause })
    }
  }

  const template = (): string => {
    html ??= read('index.html')
    return html
  }

  return {
    withScript: (content: string): string => template().replace(PLACE, () => content),
    withoutScript: (content: string): string =>
      template()
        .replace(/<script[^>]*><\/script>|<link rel="(?:modulepreload|preload)"[^>]*>/g, '')
        .replace(/<(\/?)noscript>/g, '<$1div>')
        .replace(PLACE, () => content),
    downloadWorker: (): string => read('download-worker.js'),
  }
}

export type BuiltPage = ReturnType<typeof createBuiltPage>
