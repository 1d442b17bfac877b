import type { NewUpload, ServerConfig } from '../lib/api.ts'

/** Upload options, and their conversion to a request. Pure. */

export interface SendOptions {
  /** -1: never expires. */
  ttlSeconds: number
  /** 0: no limit. */
  downloads: number
  removable: boolean
  /** Nothing is stored: bytes are passed on to the recipient while both sides are connected. */
  stream: boolean
  /** Each download resets the expiry time. */
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

/** The chosen options as part of a request; server defaults are left out. */
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

/** Streams have no limit: they can't be downloaded again anyway. */
function limitsOf({ downloads }: SendOptions, config: ServerConfig): Pick<NewUpload, 'oneShot' | 'maxDownloads'> {
  if (downloads === 0) return {}
  return downloads === 1 && isOffered(config.feature_one_shot) ? { oneShot: true } : { maxDownloads: downloads }
}

/** Encrypted files and streams are cleaned in the page, because the server can't. */
export const cleansHere = ({ encrypt, stream, keepPhotoData }: SendOptions): boolean =>
  (encrypt || stream) && !keepPhotoData
