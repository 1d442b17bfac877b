import type { ServerConfig } from '../lib/api.ts'
import { formatDuration, formatNumber } from '../lib/format.ts'
import { Icon } from '../ui/icon.tsx'
import { lazy } from '../ui/lazy.tsx'
import { isForced, type SendOptions } from './options.ts'
import { sendTexts } from './texts/send.ts'

export interface OptionsProps {
  options: SendOptions
  config: ServerConfig
  onChange: (change: Partial<SendOptions>) => void
}

const OptionsFields = lazy(async () => (await import('./options-fields.tsx')).OptionsFields)

/** The options of an upload: a summary that unfolds into fields. */
export function OptionsPanel(props: OptionsProps) {
  const t = sendTexts.value
  return (
    <details class="options" open={isForced(props.config.feature_password)}>
      <summary>
        <Icon name="options" />
        <span class="options-title">{t.options}</span>
        <span class="quiet options-summary">{summary(props.options).join(' · ')}</span>
        <Icon name="chevron" />
      </summary>
      <OptionsFields {...props} />
    </details>
  )
}

function summary(options: SendOptions): string[] {
  const t = sendTexts.value
  const parts: [boolean, string][] = [
    [!options.stream && options.ttlSeconds > 0, t.summaryTtl(formatDuration(options.ttlSeconds))],
    [!options.stream && options.ttlSeconds <= 0, t.summaryForever],
    [options.extendTtl, t.summaryExtend],
    [options.stream, t.summaryStream],
    [!options.stream && options.downloads === 1, t.summaryOnce],
    [!options.stream && options.downloads > 1, t.summaryTimes(formatNumber(options.downloads))],
    [options.encrypt, t.summaryEncrypted],
    [options.password !== '', t.summaryPassword],
    [options.comments.trim() !== '', t.summaryMessage],
    [options.removable, t.summaryRemovable],
    [!options.keepPhotoData, t.summaryPhotos],
  ]
  return parts.flatMap(([applies, text]) => (applies ? [text] : []))
}
