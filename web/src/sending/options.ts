import type { NewUpload, ServerConfig } from '../api.ts'

/** What people may choose about an upload, and what that means to the server. Pure. */

export interface SendOptions {
  /** -1: never expires. */
  ttlSeconds: number
  /** 0: no limit. */
  downloads: number
  removable: boolean
  password: string
  comments: string
  keepPhotoData: boolean
  encrypt: boolean
}

const HOUR = 3_600
const DAY = 24 * HOUR
const TTLS = [HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY]

export function defaultOptions(config: ServerConfig): SendOptions {
  return {
    ttlSeconds: config.defaultTTL,
    downloads: isOnByDefault(config.feature_one_shot) ? 1 : 0,
    removable: isOnByDefault(config.feature_removable),
    password: '',
    comments: '',
    keepPhotoData: false,
    encrypt: false,
  }
}

/** Sensible ones that the server allows, its own default among them; -1 comes last. */
export function ttlChoices({ defaultTTL, maxTTL }: ServerConfig): number[] {
  const isUnlimited = maxTTL <= 0
  const finite = [...new Set([...TTLS, defaultTTL, maxTTL])].filter((ttl) => ttl > 0 && (isUnlimited || ttl <= maxTTL))
  return [...finite.sort((a, b) => a - b), ...(isUnlimited ? [-1] : [])]
}

export const isOffered = (feature: string): boolean => feature !== 'disabled'
export const isForced = (feature: string): boolean => feature === 'forced'
const isOnByDefault = (feature: string): boolean => feature === 'default' || feature === 'forced'

/** The part of a new upload that people chose. What is as the server does it anyway is left out. */
export function requestOf(options: SendOptions, config: ServerConfig): Omit<NewUpload, 'files'> {
  const { ttlSeconds, downloads, removable, password, comments, keepPhotoData } = options
  return {
    ...(ttlSeconds === config.defaultTTL ? {} : { ttl: ttlSeconds }),
    ...(downloads === 1 && isOffered(config.feature_one_shot) ? { oneShot: true } : {}),
    ...(downloads > 1 || (downloads === 1 && !isOffered(config.feature_one_shot)) ? { maxDownloads: downloads } : {}),
    ...(removable ? { removable } : {}),
    ...(password === '' ? {} : { password }),
    ...(comments.trim() === '' ? {} : { comments }),
    ...(keepPhotoData ? { normalize: false } : {}),
    ...(isForced(config.feature_stream) ? { stream: true } : {}),
  }
}
