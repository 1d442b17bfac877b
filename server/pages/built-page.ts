import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { PageWords } from '../languages/page-words.ts'
import { AppError } from '../lib/errors.ts'
import { rootFile } from '../lib/program-files.ts'

/** The output folder of `vite build`. */
const BUILT = rootFile('web/dist/')
export const ASSETS_FOLDER = fileURLToPath(new URL('assets', BUILT))

/** The place in the page for the content that is shown without JavaScript. */
const PLACE = '<!--without-script-->'

/** Texts of the page itself, outside of the inserted content. */
type Head = Pick<PageWords, 'tag' | 'description'>

/**
 * The page as built by Vite. `withScript` runs it, and shows `content` where scripts are disabled; `withoutScript` shows
 * `content` to everyone. Throws `unavailable` if it was not built.
 */
export function createBuiltPage() {
  let html: string | undefined

  function read(name: string): string {
    try {
      return readFileSync(new URL(name, BUILT), 'utf8')
    } catch (cause) {
      throw new AppError('page_not_built', {}, { cause })
    }
  }

  function template({ tag, description }: Head): string {
    html ??= read('index.html')
    return html
      .replace('<html lang="en">', `<html lang="${tag}">`)
      .replace(/(?<=<meta name="description" content=")[^"]*/, () => description)
  }

  return {
    withScript: (content: string, head: Head): string => template(head).replace(PLACE, () => content),
    withoutScript: (content: string, head: Head): string =>
      template(head)
        .replace(/<script[^>]*><\/script>|<link rel="(?:modulepreload|preload)"[^>]*>/g, '')
        .replace(/<(\/?)noscript>/g, '<$1div>')
        .replace(PLACE, () => content),
    downloadWorker: (): string => read('download-worker.js'),
  }
}

export type BuiltPage = ReturnType<typeof createBuiltPage>
