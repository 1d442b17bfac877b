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
 * What people without JavaScript see: a form to send with, and lists of what there is to fetch. `web/` is what everybody
 * else sees. Every value that is put in is escaped by `html`; `!` marks what is HTML already.
 */

type PageConfig = FormConfig & Pick<Config, 'downloadDomain' | 'abuseContact'>

/** What is to be shown of an upload. */
export interface Shown {
  upload: Upload
  files: StoredFile[]
  /** Where its files are downloaded from, for this browser. */
  base: string
}

/** What its sender is shown, who hands the links on. */
interface ShownToSender extends Shown {
  /** What the written links begin with: those of files, and that of the list. */
  written: { base: string; link: string }
}

export type PagesFor = ReturnType<typeof createPages>

/** The pages in the language of who asks. */
export function createPages({ config, built }: { config: PageConfig; built: BuiltPage }) {
  const policy = contentPolicy(config)

  return (request: Pick<FastifyRequest, 'headers'>) => {
    const words = PAGE_WORDS[languageOf(request)]
    const footer =
      config.abuseContact === '' ? '' : html`<a href="mailto:${config.abuseContact}">${words.reportAbuse}</a>`
    const framed = (body: string): string => html`<main>!${body}</main><footer>!${footer}</footer>`

    return {
      /** Never older than the server, and never in somebody else's language. */
      headers: {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Language': words.tag,
        'Content-Security-Policy': policy,
        'Cache-Control': 'no-store',
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Referrer-Policy': 'same-origin', // with none at all, browsers do not say that our own form comes from us
        Vary: 'Accept, Accept-Language',
      },
      /** The page itself; `address`: where files are sent to from a terminal. */
      send: (address: string): string => built.withScript(framed(sendForm(config, address, words)), words),
      /** The page at an upload's address. */
      list: (shown: Shown): string => built.withScript(framed(listCard(shown, words)), words),
      /** Before the browser asks for the password; `address` makes it ask. */
      locked: (address: string): string => built.withScript(framed(lockedCard(address, words)), words),
      notFound: (): string => built.withScript(framed(goneCard(words)), words),
      /** The answer to the form; `link` leads to the list. */
      uploaded: (shown: ShownToSender, link: string): string =>
        built.withoutScript(framed(uploadedCard(shown, link, words)), words),
      /** Why there is none of the above, in the words of an `AppError`. */
      refused: (error: AppError): string => built.withoutScript(framed(refusedCard(error, words)), words),
    }
  }
}

/** Our own pages load nothing from elsewhere but files from their domain, and run our own scripts only. */
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

const refusedCard = (error: AppError, { refusedTitle, refused, backToStart }: PageWords): string => html`
  <section class="card centred">
    <h1>${refusedTitle}</h1>
    <p class="quiet">${refused(error)}</p>
    <a class="button plain" href="./">${backToStart}</a>
  </section>`

/** Links lead where this browser is, whatever is between it and the server; written out they are what can be handed on. */
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
