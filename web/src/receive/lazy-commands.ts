import { lazy } from '../ui/lazy.tsx'

/** Few people look at them. */
export const Commands = lazy(async () => (await import('./commands.tsx')).Commands)
