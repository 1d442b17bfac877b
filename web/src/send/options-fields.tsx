import type { ComponentChildren } from 'preact'
import { formatDuration, formatNumber } from '../lib/format.ts'
import { ttlChoices } from '../lib/limits.ts'
import { SwitchField } from '../ui/switch-field.tsx'
import { isForced, isOffered } from './options.ts'
import type { OptionsProps as Props } from './options-panel.tsx'
import { optionsTexts } from './texts/options.ts'

/** The fields for the options of an upload. */
export function OptionsFields(props: Props) {
  return (
    <div class="options-fields">
      <TtlField {...props} />
      <DownloadsField {...props} />
      <PasswordField {...props} />
      <CommentsField {...props} />
      <Switches {...props} />
    </div>
  )
}

function TtlField({ options, config, onChange }: Props) {
  const t = optionsTexts.value
  if (config.feature_set_ttl === 'disabled') return null
  return (
    <Field label={options.stream ? t.ttlStream : t.ttl}>
      <select
        value={options.ttlSeconds}
        onChange={({ currentTarget }) => onChange({ ttlSeconds: Number(currentTarget.value) })}
      >
        {ttlChoices(config).map((seconds) => (
          <option key={seconds} value={seconds}>
            {seconds > 0 ? formatDuration(seconds) : t.forever}
          </option>
        ))}
      </select>
    </Field>
  )
}

const DOWNLOADS = [0, 1, 2, 3, 5, 10, 25, 100]

function DownloadsField({ options, config, onChange }: Props) {
  const t = optionsTexts.value
  if (options.stream) return null
  const name = (count: number) => (count === 0 ? t.unlimited : count === 1 ? t.once : t.times(formatNumber(count)))
  return (
    <Field label={t.downloads}>
      <select
        value={options.downloads}
        disabled={isForced(config.feature_one_shot)}
        onChange={({ currentTarget }) => onChange({ downloads: Number(currentTarget.value) })}
      >
        {DOWNLOADS.map((count) => (
          <option key={count} value={count}>
            {name(count)}
          </option>
        ))}
      </select>
    </Field>
  )
}

function PasswordField({ options, config, onChange }: Props) {
  const t = optionsTexts.value
  if (!isOffered(config.feature_password)) return null
  const isNeeded = isForced(config.feature_password)
  return (
    <Field label={t.password}>
      <input
        type="password"
        autoComplete="new-password"
        required={isNeeded}
        placeholder={isNeeded ? t.passwordNeeded : t.passwordNone}
        value={options.password}
        onInput={({ currentTarget }) => onChange({ password: currentTarget.value })}
      />
    </Field>
  )
}

function CommentsField({ options, config, onChange }: Props) {
  const t = optionsTexts.value
  if (!isOffered(config.feature_comments)) return null
  return (
    <Field label={t.comments} hint={t.commentsHint} isWide>
      <textarea
        rows={3}
        maxLength={30_000}
        value={options.comments}
        onInput={({ currentTarget }) => onChange({ comments: currentTarget.value })}
      />
    </Field>
  )
}

function Switches({ options, config, onChange }: Props) {
  const t = optionsTexts.value
  return (
    <div class="switches">
      <SwitchField
        label={isSecureContext ? t.encrypt : t.encryptNeedsHttps}
        isOn={options.encrypt}
        isFixed={!isSecureContext || isForced(config.feature_stream)}
        onChange={(encrypt) => onChange(encrypt ? { encrypt, stream: false } : { encrypt })}
      />
      {isOffered(config.feature_stream) && (
        <SwitchField
          label={t.stream}
          isOn={options.stream}
          isFixed={isForced(config.feature_stream)}
          onChange={(stream) => onChange(stream ? { stream, encrypt: false } : { stream })}
        />
      )}
      {isOffered(config.feature_extend_ttl) && (
        <SwitchField
          label={t.extendTtl}
          isOn={options.extendTtl}
          isFixed={isForced(config.feature_extend_ttl)}
          onChange={(extendTtl) => onChange({ extendTtl })}
        />
      )}
      {isOffered(config.feature_removable) && (
        <SwitchField
          label={t.removable}
          isOn={options.removable}
          isFixed={isForced(config.feature_removable)}
          onChange={(removable) => onChange({ removable })}
        />
      )}
      <SwitchField
        label={t.keepPhotoData}
        isOn={options.keepPhotoData}
        onChange={(keepPhotoData) => onChange({ keepPhotoData })}
      />
    </div>
  )
}

interface FieldProps {
  label: string
  hint?: string
  isWide?: boolean
  children: ComponentChildren
}

function Field({ label, hint, isWide = false, children }: FieldProps) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children
    <label class={isWide ? 'field wide' : 'field'}>
      <span>{label}</span>
      {children}
      {hint && <small class="quiet">{hint}</small>}
    </label>
  )
}
