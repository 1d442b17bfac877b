import { html } from 'ghtml'
import type { Config } from '../config/config.ts'
import type { PageWords } from '../languages/page-words.ts'
import { formatSize } from '../lib/format-size.ts'

/** The upload form without JavaScript. Fields that must be known before the first byte of a file precede the files. */

export type FormConfig = Pick<
  Config,
  'maxFileSizeBytes' | 'defaultTtlSeconds' | 'maxTtlSeconds' | 'featureOneShot' | 'featurePassword' | 'featureSetTtl'
>

const HOUR = 3600
const DAY = 24 * HOUR
const TTL_CHOICES = [HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY]

/**
 * An upload's id, or a link with nothing else in it. Secrets in a link (`key`, `uploadToken`) must not be sent in a
 * request: browsers check this pattern before they submit the form.
 */
const LINK_PATTERN = String.raw`\s*([^&]*[?]id=)?\w+\s*`

/** `address`: where files are uploaded to from a terminal. */
export const sendForm = (config: FormConfig, address: string, words: PageWords): string => html`
  <div class="hero"><h1>${words.title}</h1><p class="quiet">${words.lead}</p></div>
  <form class="card" method="post" action="./" enctype="multipart/form-data">
    <div class="options-fields">
      !${ttlField(config, words)}
      !${passwordField(config, words)}
      !${oneShotField(config, words)}
      <label class="switch"><input type="checkbox" name="normalize" value="false"><span>${words.keepPhotoData}</span></label>
    </div>
    <label class="drop">
      <span class="drop-title">${words.drop}</span>
      <span class="quiet">${words.orChoose(limitText(config, words))}</span>
      <input type="file" name="file" multiple required>
    </label>
    <button class="primary large" type="submit">${words.upload}</button>
  </form>
  <form class="card" method="get" action="./">
    <label class="field">
      <span>${words.pasteLink}</span>
      <input type="text" name="id" required autocomplete="off" pattern="${LINK_PATTERN}" title="${words.pasteLinkLimits}">
      <span class="quiet">${words.pasteLinkLimits}</span>
    </label>
    <button class="plain" type="submit">${words.open}</button>
  </form>
  <section class="terminal" aria-label="${words.terminal}">
    <p class="quiet">${words.orTerminal}</p>
    <pre tabindex="0"><code>curl -F 'file=@photo.jpg' '${address}/'</code></pre>
  </section>`

const limitText = ({ maxFileSizeBytes }: FormConfig, words: PageWords): string =>
  Number.isFinite(maxFileSizeBytes) ? words.upTo(formatSize(maxFileSizeBytes)) : words.ofAnySize

function ttlField({ featureSetTtl, defaultTtlSeconds, maxTtlSeconds }: FormConfig, words: PageWords): string {
  if (featureSetTtl === 'disabled') return ''
  const choices = TTL_CHOICES.filter((seconds) => seconds <= maxTtlSeconds && seconds !== defaultTtlSeconds)
  const options = choices.map((seconds) => html`<option value="${seconds}">${duration(seconds, words)}</option>`)
  return html`<label class="field"><span>${words.keepFor}</span><select name="ttl"><option value="">${duration(defaultTtlSeconds, words)}</option>!${options.join('')}</select></label>`
}

function passwordField({ featurePassword }: FormConfig, words: PageWords): string {
  if (featurePassword === 'disabled') return ''
  const isRequired = featurePassword === 'forced' ? 'required' : ''
  const hint = isRequired ? words.passwordNeeded : words.passwordNone
  // Password managers store the hidden name with the password, and the download asks for both.
  return html`<input type="text" name="login" value="plik" autocomplete="username" hidden>
    <label class="field"><span>${words.password}</span><input type="password" name="password" autocomplete="new-password" placeholder="${hint}" ${isRequired}></label>`
}

function oneShotField({ featureOneShot }: FormConfig, words: PageWords): string {
  if (featureOneShot === 'disabled' || featureOneShot === 'forced') return ''
  const isChecked = featureOneShot === 'default' ? 'checked' : ''
  return html`<label class="switch"><input type="checkbox" name="oneShot" ${isChecked}><span>${words.once}</span></label>`
}

function duration(seconds: number, { locale, forever }: PageWords): string {
  if (!Number.isFinite(seconds)) return forever
  const [value, unit] =
    seconds % DAY === 0
      ? [seconds / DAY, 'day']
      : seconds % HOUR === 0
        ? [seconds / HOUR, 'hour']
        : [Math.round(seconds / 60), 'minute']
  return new Intl.NumberFormat(locale, { style: 'unit', unit: unit as string, unitDisplay: 'long' }).format(
    value as number,
  )
}
