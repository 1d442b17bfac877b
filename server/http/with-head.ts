/** For routes whose handler may run for a HEAD, too, since it takes and changes nothing. Others have a handler of their own, or none. */
export const WITH_HEAD = { exposeHeadRoute: true } as const
