import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { UploadsExpiry } from '../uploads/uploads-expiry.ts'
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
  /** Returns a sentence for the history. */
  run: (parameters: z.output<P>, context: ActionContext) => Promise<string>
}

const define = <P extends z.ZodType>(action: Action<P>): Action => action as unknown as Action

export type ActionRegistry = ReturnType<typeof createActionRegistry>

/** Everything that a step can do, by name. There is no other code that a job can run. */
export function createActionRegistry(actions: Readonly<Record<string, Action>>) {
  function get(name: string): Action {
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    const names = Object.keys(actions).join(', ')
    if (!action) throw new AppError('bad_request', `unknown action "${name}"; allowed are ${names}`)
    return action
  }

  /** Parameters with their defaults. Throws `bad_request`: no such action, or it takes no such parameters. */
  function check(name: string, parameters: unknown): Record<string, unknown> {
    const { success, data, error } = get(name).parameters.safeParse(parameters)
    if (success) return data as Record<string, unknown>
    const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'parameters'}: ${message}`)
    throw new AppError('bad_request', `parameters of ${name}: ${problems.join('; ')}`)
  }

  return {
    check,
    run: async (name: string, parameters: unknown, context: ActionContext): Promise<string> =>
      get(name).run(check(name, parameters), context),
    list: () =>
      Object.entries(actions).map(([name, { description, parameters }]) => ({ name, description, parameters })),
  }
}

const NOTHING = z.strictObject({})

interface Dependencies {
  expiry: UploadsExpiry
  lapseClaims: () => Promise<number>
}

/** Shallow: each calls a service. */
export function createJobActions({ expiry, lapseClaims }: Dependencies): Record<string, Action> {
  return {
    'expire-uploads': define({
      description: 'Marks uploads whose time is up, and ends claims on limited downloads whose window has passed',
      parameters: NOTHING,
      run: async (_, work) => {
        const lapsed = await lapseClaims()
        const expired = await expiry.expire(work)
        return `${expired} uploads expired, ${lapsed} claims lapsed.`
      },
    }),
    'delete-blobs': define({
      description: 'Deletes the bytes of files that expired or were removed',
      parameters: NOTHING,
      run: async (_, work) => {
        const { files, bytes } = await expiry.deleteBlobs(work)
        return `${files} files deleted, ${bytes} bytes freed.`
      },
    }),
    'delete-metadata': define({
      description: 'Deletes the rows of uploads that are over and hold no bytes any more, an hour after their end',
      parameters: NOTHING,
      run: async (_, work) => `${await expiry.deleteMetadata(work)} uploads deleted.`,
    }),
    'purge-abandoned-uploads': define({
      description: 'Ends uploads whose sender or server died, and deletes what broken writes left behind',
      parameters: NOTHING,
      run: async (_, work) => {
        const { files, uploads } = await expiry.purgeAbandoned(work)
        const unfinished = await expiry.removeUnfinished()
        work.count({ files: unfinished.count, bytes: unfinished.bytes })
        return `${files} files and ${uploads} uploads abandoned, ${unfinished.count} unfinished writes deleted.`
      },
    }),
    'remove-orphans': define({
      description: 'Deletes stored bytes that belong to no file',
      parameters: NOTHING,
      run: async (_, work) => {
        const { blobs, bytes } = await expiry.removeOrphans(work)
        return `${blobs} orphans deleted, ${bytes} bytes freed.`
      },
    }),
  }
}
