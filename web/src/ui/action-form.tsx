import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { errorText } from '../lib/error-text.ts'

interface Props {
  /** Label of the button. */
  action: string
  /** An error is shown below the fields, and the action can be tried again. */
  onSubmit: () => Promise<unknown>
  children: ComponentChildren
  /** Shown beside the button. */
  more?: ComponentChildren
  /** For forms with a single field: the button is beside it. */
  isInline?: boolean
}

/** A form whose button runs a request. */
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
