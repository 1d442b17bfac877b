/** A text that a browser keeps for us. Where it keeps nothing (private windows, full disks) we do without. */
export function remembered(name: string, storage: () => Storage = () => localStorage) {
  const key = `mayfly-${name}`
  return {
    get(): string | undefined {
      try {
        return storage().getItem(key) ?? undefined
      } catch {
        return undefined
      }
    },
    set(value: string | undefined): void {
      try {
        if (value === undefined) storage().removeItem(key)
        else storage().setItem(key, value)
      } catch {
        // not remembered
      }
    },
  }
}

/** All texts whose names begin so. */
export function rememberedUnder(start: string): string[] {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(`mayfly-${start}`))
    return keys.sort().flatMap((key) => localStorage.getItem(key) ?? [])
  } catch {
    return []
  }
}
