import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { errorText } from '../lib/error-text.ts'

interface Props {
  /** What the button says. */
  action: string
  /** What fails is said below the fields, and can be tried again. */
  onSubmit: () => Promise<unknown>
  children: ComponentChildren
  /** Beside the button. */
  more?: ComponentChildren
  /** For a single field: the button stands beside it. */
  isInline?: boolean
}

/** Fields and a button that does something with them on the server. */
export function ActionForm({ action, onSubmit, children, more, isInline = false }: Props) {
  const problem = useSignal<string | undefined>(undefined)
  const isBusy = useSignal(false)

  async function submit(event: Event): Promise<void> {
    event.preventDefault()
    isBusy.value = true
    problem.value = undefined
    try {
      await onSubmit()
    } catch (error) {
      problem.value = errorText(error)
    }
    isBusy.value = false
  }

  return (
    <form class={isInline ? 'inline-form' : 'stack'} onSubmit={(event) => void submit(event)}>
      {children}
      {problem.value && (
        <p class="file-note bad" role="alert">
          {problem.value}
        </p>
      )}
      <div class="buttons end">
        {more}
        <button type="submit" class="primary" disabled={isBusy.value}>
          {action}
        </button>
      </div>
    </form>
  )
}
