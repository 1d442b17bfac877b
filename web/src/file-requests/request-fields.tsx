import { type Signal, useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { readSize } from '../accounts/limits.ts'
import { Objection } from '../lib/error-text.ts'
import { formatDuration } from '../lib/format.ts'
import { TextField } from '../ui/text-field.tsx'
import { SelectField } from '../ui/toolbar.tsx'
import type { NewRequest } from './requests-api.ts'
import { requestTexts } from './texts/requests.ts'

const HOUR = 3_600
const DAY = 24 * HOUR
const TTLS = [0, HOUR, DAY, 7 * DAY, 30 * DAY]

export interface RequestDraft {
  title: Signal<string>
  note: Signal<string>
  maxFiles: Signal<string>
  maxSize: Signal<string>
  ttl: Signal<string>
}

export function useRequestDraft(): RequestDraft {
  const [title, note, maxFiles, maxSize, ttl] = [
    useSignal(''),
    useSignal(''),
    useSignal(''),
    useSignal(''),
    useSignal('0'),
  ]
  return useMemo(() => ({ title, note, maxFiles, maxSize, ttl }), [])
}

/** Throws if the size can't be parsed. */
export function requestOfDraft({ title, note, maxFiles, maxSize, ttl }: RequestDraft): NewRequest {
  const size = readSize(maxSize.value)
  if (size === undefined || size < 0) throw new Objection(requestTexts.value.unreadableSize)
  return {
    title: title.value.trim(),
    comments: note.value,
    maxFiles: Number(maxFiles.value),
    maxSize: size,
    ttl: Number(ttl.value),
  }
}

/** The fields of a file request: title, note and limits. */
export function RequestFields({ draft }: { draft: RequestDraft }) {
  const t = requestTexts.value
  return (
    <>
      <TextField label={t.title} value={draft.title} placeholder={t.titleExample} />
      <label class="field">
        <span>{t.note}</span>
        <textarea
          rows={2}
          value={draft.note.value}
          onInput={({ currentTarget }) => {
            draft.note.value = currentTarget.value
          }}
        />
      </label>
      <div class="fields">
        <TextField label={t.maxFiles} value={draft.maxFiles} type="number" min={1} hint={t.countHint} />
        <TextField label={t.maxSize} value={draft.maxSize} hint={t.sizeHint} />
        <SelectField
          label={t.until}
          value={draft.ttl}
          options={TTLS.map((seconds) => [String(seconds), seconds === 0 ? t.asLongAsUpload : formatDuration(seconds)])}
        />
      </div>
    </>
  )
}
