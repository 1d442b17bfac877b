import { html } from 'ghtml'
import type { Config } from '../config.ts'
import { formatSize } from '../format-size.ts'
import type { Upload } from '../uploads/upload.ts'

/** The pages that work without a script. Every value that is put in is escaped by `html`; `!` marks what is HTML already. */

/** Our own pages load nothing from elsewhere, run no script, and are never older than the server. */
export const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
}

type PageConfig = Pick<
  Config,
  | 'pathPrefix'
  | 'maxFileSizeBytes'
  | 'defaultTtlSeconds'
  | 'maxTtlSeconds'
  | 'featureOneShot'
  | 'featurePassword'
  | 'featureSetTtl'
  | 'featureRemovable'
  | 'abuseContact'
>

const HOUR = 3600
const DAY = 24 * HOUR
const TTL_CHOICES = [HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY]

export function uploadPage({ config, base }: { config: PageConfig; base: string }): string {
  return page({
    config,
    title: 'Mayfly',
    body: html`
      <form class="card" method="post" action="${config.pathPrefix}/" enctype="multipart/form-data">
        <label class="drop">
          <span class="drop-title">Drop files here</span>
          <span class="hint">or choose them, ${limitText(config)}</span>
          <input type="file" name="file" multiple required>
        </label>
        <div class="options">
          !${ttlField(config)}
          !${passwordField(config)}
          !${oneShotField(config)}
        </div>
        <button type="submit">Upload</button>
      </form>
      <section class="terminal" aria-label="From a terminal">
        <p class="hint">or from a terminal</p>
        <pre><code>curl -F 'file=@photo.jpg' ${base}</code></pre>
      </section>`,
  })
}

export interface UploadedPage {
  upload: Upload
  links: { name: string; url: string }[]
  archive: string | undefined
  config: PageConfig
}

export function uploadedPage({ upload, links, archive, config }: UploadedPage): string {
  const rows = links
    .map(({ name, url }) => html`<li><span class="name">${name}</span><a href="${url}">${url}</a></li>`)
    .join('')
  const all = archive ? html`<p>All in one: <a href="${archive}">${archive}</a></p>` : ''
  return page({
    config,
    title: 'Uploaded · Mayfly',
    body: html`
      <section class="card">
        <h2>${links.length === 1 ? 'Your link is ready' : 'Your links are ready'}</h2>
        <ul class="links">!${rows}</ul>
        !${all}
        <p class="hint">${endText(upload)}</p>
        <p><a class="again" href="${config.pathPrefix}/">Upload more</a></p>
      </section>`,
  })
}

function page({ config, title, body }: { config: PageConfig; title: string; body: string }): string {
  const abuse = config.abuseContact === '' ? '' : html`<a href="mailto:${config.abuseContact}">Report abuse</a>`
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>${title}</title>
    <link rel="icon" href="${config.pathPrefix}/assets/mayfly.svg">
    <link rel="stylesheet" href="${config.pathPrefix}/assets/page.css">
  </head>
  <body>
    <header><img src="${config.pathPrefix}/assets/mayfly.svg" width="56" height="56" alt=""><h1>Mayfly</h1><p>Files that are gone when their time is up.</p></header>
    <main>!${body}</main>
    <footer>!${abuse}</footer>
  </body>
</html>
`
}

function limitText({ maxFileSizeBytes }: PageConfig): string {
  return Number.isFinite(maxFileSizeBytes) ? `up to ${formatSize(maxFileSizeBytes)} each` : 'of any size'
}

function ttlField({ featureSetTtl, defaultTtlSeconds, maxTtlSeconds }: PageConfig): string {
  if (featureSetTtl === 'disabled') return ''
  const choices = TTL_CHOICES.filter((seconds) => seconds <= maxTtlSeconds && seconds !== defaultTtlSeconds)
  const options = choices.map((seconds) => html`<option value="${seconds}">${duration(seconds)}</option>`).join('')
  return html`<label>Keep for<select name="ttl"><option value="">${duration(defaultTtlSeconds)}</option>!${options}</select></label>`
}

function passwordField({ featurePassword }: PageConfig): string {
  if (featurePassword === 'disabled') return ''
  const isRequired = featurePassword === 'forced' ? 'required' : ''
  // The hidden name is what a password manager stores the password under, and what the download will ask for.
  return html`<input type="text" name="login" value="plik" autocomplete="username" hidden>
    <label>Password<input type="password" name="password" autocomplete="new-password" placeholder="${isRequired ? 'needed' : 'none'}" ${isRequired}></label>`
}

function oneShotField({ featureOneShot }: PageConfig): string {
  if (featureOneShot === 'disabled' || featureOneShot === 'forced') return ''
  const isChecked = featureOneShot === 'default' ? 'checked' : ''
  return html`<label class="check"><input type="checkbox" name="oneShot" ${isChecked}>Can be downloaded once only</label>`
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
