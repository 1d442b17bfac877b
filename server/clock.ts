/** Now, as milliseconds since the epoch. Everything that decides by time takes one, so that tests can move it. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()
