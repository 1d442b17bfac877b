/**
 * For routes whose GET handler may also run for HEAD, since it changes nothing. Other routes have a separate HEAD
 * handler, or none.
 */
export const WITH_HEAD = { exposeHeadRoute: true } as const
