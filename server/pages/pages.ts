import type { FastifyRequest } from 'fastify'
import { html } from 'ghtml'
import type { Config } from '../config/config.ts'
import { languageOf } from '../http/language.ts'
import { archiveUrl, fileUrl } from '../http/links.ts'
import { PAGE_WORDS, type PageWords } from '../languages/page-words.ts'
import type { AppError } from '../lib/errors.ts'
import { formatSize } from '../lib/format-size.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import type { BuiltPage } from './built-page.ts'
import { type FormConfig, sendForm } from './send-form.ts'

/**
 * Pages for people without JavaScript: an upload form, and lists of files. `web/` has the page for everyone else. Every
 * inserted value is escaped by `html`; `!` marks values that are HTML already.
 */

type PageConfig = FormConfig & Pick<Config, 'downloadDomain' | 'abuseContact' | 'pathPrefix'>

/** The shown content of an upload. */
export interface Shown {
  upload: Upload
  files: StoredFile[]
  /** The base URL of its files, for this browser. */
  base: string
}

/** Content for the sender, who passes the links on. */
interface ShownToSender extends Shown {
  /** Beginnings of the written links: those of files, and that of the list. */
  written: { base: string; link: string }
}

export type PagesFor = ReturnType<typeof createPages>

/** The pages in the language of the caller. */
export function createPages({ config, built }: { config: PageConfig; built: BuiltPage }) {
  const policy = contentPolicy(config)

  return (request: Pick<FastifyRequest, 'headers'>) => {
    const words = PAGE_WORDS[languageOf(request)]
    const footer =
      config.abuseContact === '' ? '' : html`<a href="mailto:${config.abuseContact}">${words.reportAbuse}</a>`
    const framed = (body: string): string => html`<main>!${body}</main><footer>!${footer}</footer>`

    return {
      /** Always revalidated, so that it matches the server's version and the browser's language. */
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Language': words.tag,
        'Content-Security-Policy': policy,
        'Cache-Control': 'no-store',
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Referrer-Policy': 'same-origin', // without any referrer, browsers do not send the origin with the form
        Vary: 'Accept, Accept-Language',
      },
      /** The page itself; `address`: where files are uploaded to from a terminal. */
      send: (address: string): string => built.withScript(framed(sendForm(config, address, words)), words),
      /** The page at an upload's address. */
      list: (shown: Shown): string => built.withScript(framed(listCard(shown, words)), words),
      /** Shown before the browser asks for the password; `address` makes it ask. */
      locked: (address: string): string => built.withScript(framed(lockedCard(address, words)), words),
      notFound: (): string => built.withScript(framed(goneCard(words)), words),
      /** The page at an address without a route. */
      unknown: (url: string): string =>
        movedTo(rootFrom(url, config), built.withoutScript(framed(unknownCard(words)), words)),
      /** The response to the form; `link` is the address of the list. */
      uploaded: (shown: ShownToSender, link: string): string =>
        built.withoutScript(framed(uploadedCard(shown, link, words)), words),
      /** An error page with the message of an `AppError`. */
      refused: (error: AppError): string => built.withoutScript(framed(refusedCard(error, words)), words),
    }
  }
}

/** The pages load only their own resources and files from the download domain, and run only their own scripts. */
function contentPolicy({ downloadDomain }: PageConfig): string {
  const files = downloadDomain === '' ? "'self'" : `'self' ${downloadDomain}`
  const policy = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': `${files} blob:`,
    'media-src': `${files} blob:`,
    'connect-src': files,
    'worker-src': "'self'",
    'frame-src': "'self' blob:",
    'form-action': "'self'",
    'base-uri': "'none'",
    'frame-ancestors': "'none'",
  }
  return Object.entries(policy)
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')
}

const lockedCard = (address: string, { lockedTitle, lockedText, open }: PageWords): string => html`
  <section class="card centred">
    <h1>${lockedTitle}</h1>
    <p class="quiet">${lockedText}</p>
    <a class="button primary" href="${address}">${open}</a>
  </section>`

const goneCard = ({ goneTitle, goneText, title }: PageWords): string => html`
  <section class="card centred">
    <h1>${goneTitle}</h1>
    <p class="quiet">${goneText}</p>
    <a class="button plain" href="./">${title}</a>
  </section>`

const unknownCard = ({ notFoundTitle, notFoundText, title }: PageWords): string => html`
  <section class="card centred">
    <h1>${notFoundTitle}</h1>
    <p class="quiet">${notFoundText}</p>
    <a class="button primary" href="./">${title}</a>
  </section>`

/** The start page, relative to a path, because a proxy may serve it in a folder that this server does not know. */
function rootFrom(url: string, { pathPrefix }: Pick<PageConfig, 'pathPrefix'>): string {
  const [path = ''] = url.split('?', 1)
  return `${'../'.repeat(Math.max(0, path.split('/').length - 2))}.${pathPrefix}/`
}

/** Pages are made for the address of the start page, and all their addresses begin with `./`. */
const movedTo = (root: string, page: string): string => page.replaceAll('="./', () => `="${root}`)

const refusedCard = (error: AppError, { refusedTitle, refused, backToStart }: PageWords): string => html`
  <section class="card centred">
    <h1>${refusedTitle}</h1>
    <p class="quiet">${refused(error)}</p>
    <a class="button plain" href="./">${backToStart}</a>
  </section>`

/** Links use the address that this browser uses; written links are the ones that can be passed on. */
const uploadedCard = ({ written, ...shown }: ShownToSender, link: string, words: PageWords): string => html`
  <section class="card">
    <h1>${words.ready(shown.files.length)}</h1>
    <p>${words.forEverything} <a href="${link}">${written.link}</a></p>
    !${fileLinks(shown, words, written.base)}
    <p class="quiet">${words.sentence([...endTexts(shown.upload, words), ...loginTexts(shown.upload, words)])}</p>
    <p><a class="button plain" href="./">${words.uploadMore}</a></p>
  </section>`

function listCard(shown: Shown, words: PageWords): string {
  const { upload, files, base } = shown
  const comments = upload.comments === '' || upload.e2ee ? '' : html`<p class="message">${upload.comments}</p>`
  const encrypted = upload.e2ee ? html`<p>${words.encrypted}</p>` : ''
  const there = files.filter(isThere).length
  const archive =
    there > 1 && !upload.stream
      ? html`<a class="button primary" href="${archiveUrl(base, upload.id)}">${words.downloadAll}</a>`
      : ''
  return html`
    <section class="card">
      <h1>${there === 0 ? words.nothingHere : words.filesForYou}</h1>
      !${comments}
      !${encrypted}
      !${fileLinks(shown, words)}
      <p class="quiet">${words.sentence(endTexts(upload, words))}</p>
      !${archive}
    </section>`
}

function fileLinks({ files, base }: Shown, { notThere }: PageWords, writtenBase = base): string {
  const rows = files.map((file) =>
    isThere(file)
      ? html`<li class="file"><span class="name">${file.name}</span><span class="file-facts">${formatSize(file.size)}</span><a href="${fileUrl(base, file)}">${fileUrl(writtenBase, file)}</a></li>`
      : html`<li class="file absent"><span class="name">${file.name}</span><span class="file-facts">${notThere}</span></li>`,
  )
  return html`<ul class="files links">!${rows.join('')}</ul>`
}

const isThere = ({ status }: StoredFile): boolean => status === 'uploaded' || status === 'uploading'

const endTexts = ({ expiresAt, oneShot, stream }: Upload, words: PageWords): string[] => [
  stream ? words.passedOn : expiresAt === null ? words.keptUntilRemoved : words.goneOn(dateOf(expiresAt, words)),
  ...(oneShot ? [words.eachOnce] : []),
]

const loginTexts = ({ passwordHash, login }: Upload, words: PageWords): string[] =>
  passwordHash === null ? [] : [words.login(login ?? '')]

const dateOf = (epochMs: number, { locale }: PageWords): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(epochMs)
