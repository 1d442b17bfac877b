import { type Signal, useSignal } from '@preact/signals'
import { errorText } from '../lib/error-text.ts'

export type Act = (action: () => Promise<unknown>) => Promise<void>

/** What a button without a form does on the server; `problem` says in words why it failed, until something succeeds. */
export function useAction(): { act: Act; problem: Signal<string | undefined> } {
  const problem = useSignal<string | undefined>(undefined)

  async function act(action: () => Promise<unknown>): Promise<void> {
    try {
      await action()
      problem.value = undefined
    } catch (error) {
      problem.value = errorText(error)
    }
  }

  return { act, problem }
}
