/** Limits of size and lifetime. Pure. */

interface Limits {
  /** Bytes; -1: no limit. */
  maxFileSize: number
  /** Seconds; -1: no limit. */
  maxTTL: number
  /** Seconds; -1: forever. */
  defaultTTL: number
}

const HOUR = 3_600
const DAY = 24 * HOUR
const TTLS = [HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY]

/** The limits of the logged-in user: the user's own before the server's, as in `rulesFor` on the server. */
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

/** 0: the user has no limit of their own; -1: no limit. */
const ownOr = (own: number, server: number): number => (own === 0 ? server : Math.max(own, -1))

/** Suggested lifetimes up to the maximum, with the server's default among them; -1 comes last. */
export function ttlChoices({ defaultTTL, maxTTL }: Omit<Limits, 'maxFileSize'>): number[] {
  const isUnlimited = maxTTL <= 0
  const finite = [...new Set([...TTLS, defaultTTL, maxTTL])].filter((ttl) => ttl > 0 && (isUnlimited || ttl <= maxTTL))
  return [...finite.sort((a, b) => a - b), ...(isUnlimited ? [-1] : [])]
}
