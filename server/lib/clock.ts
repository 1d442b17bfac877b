/**
 * The current time in epoch milliseconds. Injected, so that tests can change it. The system clock may be set; use
 * `SteadyClock` for durations.
 */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()

/** Milliseconds since an arbitrary moment, for differences only. It can't be set and never goes back. */
export type SteadyClock = () => number

export const systemSteadyClock: SteadyClock = () => performance.now()
