/** Now, in epoch milliseconds. Passed in, so that tests can move it. It may be set: for spans of time use `SteadyClock`. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()

/** Milliseconds since some moment: differences only. Nobody can set it, and it never goes back. */
export type SteadyClock = () => number

export const systemSteadyClock: SteadyClock = () => performance.now()
