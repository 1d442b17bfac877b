import { vi } from 'vitest'

/** A limit for what should come at once; on a busy machine it takes its time. Also that of `expect.poll`. */
export const PATIENCE = { timeout: 30_000, interval: 20 }

/** Resolves with what `check` returns once it no longer throws. */
export const waitFor = <T>(check: () => T | Promise<T>, interval = PATIENCE.interval): Promise<T> =>
  vi.waitFor(check, { ...PATIENCE, interval })

/** Resolves with what `check` returns once that is true. */
export const waitUntil = <T>(check: () => T | Promise<T>, interval = PATIENCE.interval) =>
  vi.waitUntil(check, { ...PATIENCE, interval })
