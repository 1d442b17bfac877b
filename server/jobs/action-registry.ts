import type { z } from 'zod'
import { AppError, because } from '../lib/errors.ts'
import { parsed } from '../lib/shapes.ts'
import type { Counts } from './job.ts'

/** The context of a running action: it must end soon after `signal` aborts, and counts its progress. */
export interface ActionContext {
  signal: AbortSignal
  count: (more: Partial<Counts>) => void
}

/** The work of a step. It may be killed at any point and be run again, and must then do only what is left. */
export interface Action<P extends z.ZodType = z.ZodType> {
  description: string
  /** The parameters of a step; strict, with defaults for all optional ones. */
  parameters: P
  /** Checks that a schema can't express, when a job is saved. Throws `bad_request`. */
  assert?: (parameters: z.output<P>) => Promise<void>
  /** Returns the message for the history, or throws an error with it. */
  run: (parameters: z.output<P>, context: ActionContext) => Promise<string>
}

/** Thrown by an action that did its work but found something that an operator must repair. */
export class StepFailure extends Error {}

/** Types `run` and `assert` of an action by its own parameters. */
export const define = <P extends z.ZodType>(action: Action<P>): Action => action as unknown as Action

export type ActionRegistry = ReturnType<typeof createActionRegistry>

/** All actions, by name. Jobs can run no other code. */
export function createActionRegistry(actions: Readonly<Record<string, Action>>) {
  function get(name: string): Action {
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    const names = Object.keys(actions).join(', ')
    if (!action) throw new AppError('action_unknown', { name, names })
    return action
  }

  /** Returns the parameters with their defaults. Throws `bad_request`: unknown action, or invalid parameters. */
  function check(name: string, parameters: unknown): Record<string, unknown> {
    const { parameters: shape } = get(name)
    return because(`parameters of ${name}: `, () => parsed(shape, parameters, 'parameters')) as Record<string, unknown>
  }

  /** Checks that the action can currently be run with these parameters. Throws `bad_request`. */
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
