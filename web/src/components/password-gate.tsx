import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { uploadTexts } from '../i18n/upload.ts'
import { CentredCard } from './centred-card.tsx'

interface Props {
  needs: 'password' | 'key'
  isWrong: boolean
  onAnswer: (text: string) => Promise<void>
}

/** Asks for what opens an upload: its password, or the key of an encrypted one whose link has lost it. */
export function PasswordGate({ needs, isWrong, onAnswer }: Props) {
  const t = uploadTexts.value
  const words =
    needs === 'key'
      ? { title: t.keyTitle, text: t.keyText, field: t.key, wrong: t.wrongKey }
      : { title: t.locked, text: t.lockedText, field: t.password, wrong: t.wrongPassword }
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
    <CentredCard icon={needs === 'key' ? 'key' : 'lock'} title={words.title} text={words.text}>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <label class="field">
          <span>{words.field}</span>
          <input
            type="password"
            autoComplete="current-password"
            required
            ref={field}
            aria-invalid={isWrong}
            aria-describedby={isWrong ? 'wrong-password' : undefined}
            value={password.value}
            onInput={({ currentTarget }) => {
              password.value = currentTarget.value
            }}
          />
        </label>
        {isWrong && (
          <p id="wrong-password" class="file-note bad" role="alert">
            {words.wrong}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy.value}>
          {t.unlock}
        </button>
      </form>
    </CentredCard>
  )
}
