/** How much somebody may send, and for how long. Pure. */

interface Limits {
  /** Bytes; -1: no limit. */
  maxFileSize: number
  /** Seconds; -1: no limit. */
  maxTTL: number
  /** Seconds; -1: for ever. */
  defaultTTL: number
}

const HOUR = 3_600
const DAY = 24 * HOUR
const TTLS = [HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY]

/** What holds for whoever is logged in: a user's own limits before the server's, as the server has it (`rulesFor`). */
export function configFor<Config extends Limits>(
  config: Config,
  user: Omit<Limits, 'defaultTTL'> | null | undefined,
): Config {
  if (!user) return config
  const maxTTL = ownOr(user.maxTTL, config.maxTTL)
  const isTooLong = maxTTL > 0 && (config.defaultTTL <= 0 || config.defaultTTL > maxTTL)
  return {
    ...config,
    maxFileSize: ownOr(user.maxFileSize, config.maxFileSize),
    maxTTL,
    defaultTTL: isTooLong ? maxTTL : config.defaultTTL,
  }
}

/** 0: none of the user's own; -1: no limit. */
const ownOr = (own: number, server: number): number => (own === 0 ? server : Math.max(own, -1))

/** Sensible ones that the server allows, its own default among them; -1 comes last. */
export function ttlChoices({ defaultTTL, maxTTL }: Omit<Limits, 'maxFileSize'>): number[] {
  const isUnlimited = maxTTL <= 0
  const finite = [...new Set([...TTLS, defaultTTL, maxTTL])].filter((ttl) => ttl > 0 && (isUnlimited || ttl <= maxTTL))
  return [...finite.sort((a, b) => a - b), ...(isUnlimited ? [-1] : [])]
}
