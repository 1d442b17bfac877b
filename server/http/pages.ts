import { html } from 'ghtml'
import type { Config } from '../config.ts'
import { formatSize } from '../format-size.ts'
import type { StoredFile, Upload } from '../uploads/upload.ts'
import type { BuiltPage } from './built-page.ts'
import { archiveUrl, fileUrl } from './links.ts'

/**
 * What people without JavaScript see: a form to send with, and lists of what there is to fetch. `web/` is what everybody
 * else sees. Every value that is put in is escaped by `html`; `!` marks what is HTML already.
 */

type PageConfig = Pick<
  Config,
  | 'downloadDomain'
  | 'maxFileSizeBytes'
  | 'defaultTtlSeconds'
  | 'maxTtlSeconds'
  | 'featureOneShot'
  | 'featurePassword'
  | 'featureSetTtl'
  | 'abuseContact'
>

const HOUR = 3600
const DAY = 24 * HOUR
const TTL_CHOICES = [HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY]

/** What is to be shown of an upload; `base`: where its files are had from. */
export interface Shown {
  upload: Upload
  files: StoredFile[]
  base: string
}

export type Pages = ReturnType<typeof createPages>

export function createPages({ config, built }: { config: PageConfig; built: BuiltPage }) {
  const footer = config.abuseContact === '' ? '' : html`<a href="mailto:${config.abuseContact}">Report abuse</a>`
  const framed = (body: string): string => html`<main>!${body}</main><footer>!${footer}</footer>`

  return {
    headers: pageHeaders(config),
    /** The page itself; `base` is the server's own address. */
    send: (base: string): string => built.withScript(framed(sendForm(config, base))),
    /** The page at an upload's address. */
    list: (shown: Shown): string => built.withScript(framed(listCard(shown))),
    notFound: (): string => built.withScript(framed(GONE)),
    /** The answer to the form; `link` leads to the list. */
    uploaded: (shown: Shown, link: string): string => built.withoutScript(framed(uploadedCard(shown, link))),
  }
}

/** Our own pages load nothing from elsewhere but files from their domain, run our own scripts only, and are never older than the server. */
function pageHeaders({ downloadDomain }: PageConfig) {
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
  return {
    'Content-Security-Policy': Object.entries(policy)
      .map(([name, value]) => `${name} ${value}`)
      .join('; '),
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
  }
}

const GONE = html`<section class="card centred">
  <h1>This link leads nowhere any more</h1>
  <p class="quiet">Its time is up, it was deleted, or the address is incomplete. Ask the sender for a new one.</p>
  <a class="button plain" href="./">Share files</a>
</section>`

function sendForm(config: PageConfig, base: string): string {
  return html`
    <div class="hero"><h1>Share files</h1><p class="quiet">They are gone when their time is up.</p></div>
    <form class="card" method="post" action="./" enctype="multipart/form-data">
      <label class="drop">
        <span class="drop-title">Drop files here</span>
        <span class="quiet">or choose them, ${limitText(config)}</span>
        <input type="file" name="file" multiple required>
      </label>
      <div class="options-fields">
        !${ttlField(config)}
        !${passwordField(config)}
        !${oneShotField(config)}
      </div>
      <button class="primary large" type="submit">Upload</button>
    </form>
    <form class="card" method="get" action="./">
      <label class="field">
        <span>Were you given a link? Paste it here to see its files.</span>
        <input type="text" name="id" required>
      </label>
      <button class="plain" type="submit">Open</button>
    </form>
    <section class="terminal" aria-label="From a terminal">
      <p class="quiet">or from a terminal</p>
      <pre tabindex="0"><code>curl -F 'file=@photo.jpg' ${base}</code></pre>
    </section>`
}

function uploadedCard(shown: Shown, link: string): string {
  return html`
    <section class="card">
      <h1>${shown.files.length === 1 ? 'Your link is ready' : 'Your links are ready'}</h1>
      <p>For everything: <a href="${link}">${link}</a></p>
      !${fileLinks(shown)}
      <p class="quiet">${endText(shown.upload)}</p>
      <p><a class="button plain" href="./">Upload more</a></p>
    </section>`
}

function listCard(shown: Shown): string {
  const { upload, files, base } = shown
  const comments = upload.comments === '' ? '' : html`<p class="message">${upload.comments}</p>`
  const all = files.filter(isThere).length > 1 && !upload.stream
  const archive = all
    ? html`<a class="button primary" href="${archiveUrl(base, upload.id)}">Download all as a zip</a>`
    : ''
  return html`
    <section class="card">
      <h1>${files.filter(isThere).length === 0 ? 'Nothing to fetch here' : 'Files for you'}</h1>
      !${comments}
      !${fileLinks(shown)}
      <p class="quiet">${endText(upload)}</p>
      !${archive}
    </section>`
}

function fileLinks({ files, base }: Shown): string {
  const rows = files.map((file) =>
    isThere(file)
      ? html`<li class="file"><span class="name">${file.name}</span><span class="file-facts">${formatSize(file.size)}</span><a href="${fileUrl(base, file)}">${fileUrl(base, file)}</a></li>`
      : html`<li class="file absent"><span class="name">${file.name}</span><span class="file-facts">not there</span></li>`,
  )
  return html`<ul class="files links">!${rows.join('')}</ul>`
}

const isThere = ({ status }: StoredFile): boolean => status === 'uploaded' || status === 'uploading'

function limitText({ maxFileSizeBytes }: PageConfig): string {
  return Number.isFinite(maxFileSizeBytes) ? `up to ${formatSize(maxFileSizeBytes)} each` : 'of any size'
}

function ttlField({ featureSetTtl, defaultTtlSeconds, maxTtlSeconds }: PageConfig): string {
  if (featureSetTtl === 'disabled') return ''
  const choices = TTL_CHOICES.filter((seconds) => seconds <= maxTtlSeconds && seconds !== defaultTtlSeconds)
  const options = choices.map((seconds) => html`<option value="${seconds}">${duration(seconds)}</option>`).join('')
  return html`<label class="field"><span>Keep for</span><select name="ttl"><option value="">${duration(defaultTtlSeconds)}</option>!${options}</select></label>`
}

function passwordField({ featurePassword }: PageConfig): string {
  if (featurePassword === 'disabled') return ''
  const isRequired = featurePassword === 'forced' ? 'required' : ''
  // The hidden name is what a password manager stores the password under, and what the download will ask for.
  return html`<input type="text" name="login" value="plik" autocomplete="username" hidden>
    <label class="field"><span>Password</span><input type="password" name="password" autocomplete="new-password" placeholder="${isRequired ? 'needed' : 'none'}" ${isRequired}></label>`
}

function oneShotField({ featureOneShot }: PageConfig): string {
  if (featureOneShot === 'disabled' || featureOneShot === 'forced') return ''
  const isChecked = featureOneShot === 'default' ? 'checked' : ''
  return html`<label class="switch"><input type="checkbox" name="oneShot" ${isChecked}><span>Can be downloaded once only</span></label>`
}

function endText({ expiresAt, oneShot, passwordHash, login }: Upload): string {
  const parts = [
    expiresAt === null ? 'Kept until it is removed.' : `Gone on ${dateOf(expiresAt)} UTC.`,
    oneShot ? 'Each file can be downloaded once.' : '',
    passwordHash === null ? '' : `The user name is ${login}, the password is the one you chose.`,
  ]
  return parts.filter((part) => part !== '').join(' ')
}

const dateOf = (epochMs: number): string =>
  new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' }).format(epochMs)

function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'ever'
  const [value, unit] =
    seconds % DAY === 0
      ? [seconds / DAY, 'day']
      : seconds % HOUR === 0
        ? [seconds / HOUR, 'hour']
        : [Math.round(seconds / 60), 'minute']
  return new Intl.NumberFormat('en-GB', { style: 'unit', unit: unit as string, unitDisplay: 'long' }).format(
    value as number,
  )
}
