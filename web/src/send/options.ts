import type { NewUpload, ServerConfig } from '../lib/api.ts'

/** What people may choose about an upload, and what that means to the server. Pure. */

export interface SendOptions {
  /** -1: never expires. */
  ttlSeconds: number
  /** 0: no limit. */
  downloads: number
  removable: boolean
  /** Nothing is stored: the bytes go to whoever fetches them, while both sides are there. */
  stream: boolean
  /** Each download starts the time anew. */
  extendTtl: boolean
  password: string
  comments: string
  keepPhotoData: boolean
  encrypt: boolean
}

export function defaultOptions(config: ServerConfig): SendOptions {
  return {
    ttlSeconds: config.defaultTTL,
    downloads: isOnByDefault(config.feature_one_shot) ? 1 : 0,
    removable: isOnByDefault(config.feature_removable),
    stream: isOnByDefault(config.feature_stream),
    extendTtl: isOnByDefault(config.feature_extend_ttl),
    password: '',
    comments: '',
    keepPhotoData: false,
    encrypt: false,
  }
}

export const isOffered = (feature: string): boolean => feature !== 'disabled'
export const isForced = (feature: string): boolean => feature === 'forced'
const isOnByDefault = (feature: string): boolean => feature === 'default' || feature === 'forced'

/** The part of a new upload that people chose. What is as the server does it anyway is left out. */
export function requestOf(options: SendOptions, config: ServerConfig): Omit<NewUpload, 'files'> {
  const { ttlSeconds, removable, stream, extendTtl, password, comments, keepPhotoData } = options
  return {
    ...(ttlSeconds === config.defaultTTL ? {} : { ttl: ttlSeconds }),
    ...(stream ? { stream } : limitsOf(options, config)),
    ...(removable ? { removable } : {}),
    ...(extendTtl ? { extend_ttl: extendTtl } : {}),
    ...(password === '' ? {} : { password }),
    ...(comments.trim() === '' ? {} : { comments }),
    ...(keepPhotoData ? { normalize: false } : {}),
  }
}

/** A stream has none: nothing is left of it that could be fetched again. */
function limitsOf({ downloads }: SendOptions, config: ServerConfig): Pick<NewUpload, 'oneShot' | 'maxDownloads'> {
  if (downloads === 0) return {}
  return downloads === 1 && isOffered(config.feature_one_shot) ? { oneShot: true } : { maxDownloads: downloads }
}

/** The server can clean neither what is encrypted nor what it only passes on, so the page does. */
export const cleansHere = ({ encrypt, stream, keepPhotoData }: SendOptions): boolean =>
  (encrypt || stream) && !keepPhotoData
