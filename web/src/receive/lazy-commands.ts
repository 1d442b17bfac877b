import { lazy } from '../ui/lazy.tsx'

/** Loaded on demand: few users open them. */
export const Commands = lazy(async () => (await import('./commands.tsx')).Commands)
