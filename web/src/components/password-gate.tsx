import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { uploadTexts } from '../i18n/upload.ts'
import { Icon } from './icon.tsx'

/** Asks for the password of an upload. */
export function PasswordGate({
  isWrong,
  onPassword,
}: {
  isWrong: boolean
  onPassword: (password: string) => Promise<void>
}) {
  const t = uploadTexts.value
  const password = useSignal('')
  const isBusy = useSignal(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    isBusy.value = true
    await onPassword(password.value)
    isBusy.value = false
  }

  return (
    <section class="card centred narrow">
      <span class="drop-mark">
        <Icon name="lock" size={28} />
      </span>
      <h1>{t.locked}</h1>
      <p class="quiet">{t.lockedText}</p>
      <form class="stack" onSubmit={(event) => void submit(event)}>
        <label class="field">
          <span>{t.password}</span>
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
            {t.wrongPassword}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy.value}>
          {t.unlock}
        </button>
      </form>
    </section>
  )
}
