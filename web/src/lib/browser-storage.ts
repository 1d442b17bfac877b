/** A text that a browser keeps for us. Where it keeps nothing (private windows, full disks) we do without. */
export function remembered(name: string, storage: () => Storage = () => localStorage) {
  const key = `mayfly-${name}`

  function forget(): void {
    try {
      storage().removeItem(key)
    } catch {
      // nothing is kept here at all
    }
  }

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
        forget() // what it was before is no longer so
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
