import { type Signal, useSignal } from '@preact/signals'
import { errorText } from '../lib/error-text.ts'

export type Act = (action: () => Promise<unknown>) => Promise<void>

/** Runs the action of a button without a form. `problem` has the error message until an action succeeds. */
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
