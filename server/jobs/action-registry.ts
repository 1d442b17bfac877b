import type { z } from 'zod'
import { AppError, because } from '../lib/errors.ts'
import { parsed } from '../lib/shapes.ts'
import type { Counts } from './job.ts'

/** What an action gets from its run: it ends soon after `signal` aborts, and counts what it does while it does it. */
export interface ActionContext {
  signal: AbortSignal
  count: (more: Partial<Counts>) => void
}

/** Work that a step can ask for. It may be killed at any point and be run again: then it does what is left. */
export interface Action<P extends z.ZodType = z.ZodType> {
  description: string
  /** What a step may set; strict, with defaults for everything that has one. */
  parameters: P
  /** Refuses, when a job is saved, what no shape can tell. Throws `bad_request`. */
  assert?: (parameters: z.output<P>) => Promise<void>
  /** Returns a sentence for the history, or throws one. */
  run: (parameters: z.output<P>, context: ActionContext) => Promise<string>
}

/** What an action throws when it did its work and an operator has to do something about the result. */
export class StepFailure extends Error {}

/** Lets each action see its own parameters. */
export const define = <P extends z.ZodType>(action: Action<P>): Action => action as unknown as Action

export type ActionRegistry = ReturnType<typeof createActionRegistry>

/** Everything that a step can do, by name. There is no other code that a job can run. */
export function createActionRegistry(actions: Readonly<Record<string, Action>>) {
  function get(name: string): Action {
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    const names = Object.keys(actions).join(', ')
    if (!action) throw new AppError('action_unknown', { name, names })
    return action
  }

  /** Parameters with their defaults. Throws `bad_request`: no such action, or it takes no such parameters. */
  function check(name: string, parameters: unknown): Record<string, unknown> {
    const { parameters: shape } = get(name)
    return because(`parameters of ${name}: `, () => parsed(shape, parameters, 'parameters')) as Record<string, unknown>
  }

  /** Whether it can do what it is asked for as things are now. Throws `bad_request`. */
  async function assert(name: string, parameters: unknown): Promise<void> {
    await get(name).assert?.(check(name, parameters))
  }

  return {
    check,
    assert,
    run: async (name: string, parameters: unknown, context: ActionContext): Promise<string> =>
      get(name).run(check(name, parameters), context),
    list: () =>
      Object.entries(actions).map(([name, { description, parameters }]) => ({ name, description, parameters })),
  }
}
