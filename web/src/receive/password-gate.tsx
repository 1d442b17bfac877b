import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { CentredCard } from '../ui/centred-card.tsx'
import type { IconName } from '../ui/icon.tsx'
import { uploadTexts } from './texts/upload.ts'

interface Props {
  icon: IconName
  /** `wrong`: the error for the last attempt. */
  words: { title: string; text: string; field: string; wrong: string | undefined }
  onAnswer: (text: string) => Promise<void>
}

/** Asks for the password or the key of an upload. */
export function PasswordGate({ icon, words, onAnswer }: Props) {
  const password = useSignal('')
  const isBusy = useSignal(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    isBusy.value = true
    await onAnswer(password.value)
    isBusy.value = false
  }

  return (
    <CentredCard icon={icon} title={words.title} text={words.text}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <label class="field">
          <span>{words.field}</span>
          <input
            type="password"
            autoComplete="current-password"
            required
            ref={field}
            aria-invalid={words.wrong !== undefined}
            aria-describedby={words.wrong ? 'wrong-password' : undefined}
            value={password.value}
            onInput={({ currentTarget }) => {
              password.value = currentTarget.value
            }}
          />
        </label>
        {words.wrong && (
          <p id="wrong-password" class="file-note bad" role="alert">
            {words.wrong}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy.value}>
          {uploadTexts.value.unlock}
        </button>
      </form>
    </CentredCard>
  )
}
