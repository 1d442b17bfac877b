import { createHash, randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../accounts/caller.ts'
import { boundName } from './cookies.ts'

/** The cookie that identifies a browser while it downloads a limited file. */
const DOWNLOADER_COOKIE = 'mayfly-download'
export const downloaderCookieFor = (request: FastifyRequest): string => boundName(DOWNLOADER_COOKIE, request, '/')

/** The downloader, as claims identify it. */
export interface Downloader {
  /** Hash of what identifies the downloader. */
  id: string
  /** A new cookie to set, for a browser that sent none. */
  newCookie: string | undefined
}

/** Long enough that it can't be guessed. */
const GIVEN_ID = /^[\w-]{16,64}$/

/**
 * The downloader that a claim on a limited download belongs to. Browsers behind one address can't be told apart, so they
 * get a cookie; curl and programs keep no cookies and are identified by address and user agent. On a download domain the
 * page sends an id of its own (`?holder=`), because cookies there are third-party: the browser sends them when it follows
 * a link, but not with requests of the page.
 */
export function downloaderOf(request: FastifyRequest, caller: Caller): Downloader {
  const { holder: given } = request.query as { holder?: unknown }
  if (typeof given === 'string' && GIVEN_ID.test(given)) return { id: digest(`given ${given}`), newCookie: undefined }
  const userAgent = request.headers['user-agent'] ?? ''
  if (!userAgent.startsWith('Mozilla/'))
    return { id: digest(`address ${readerOf(request, caller)}`), newCookie: undefined }
  const cookie = request.cookies[downloaderCookieFor(request)]
  if (cookie) return { id: digest(`cookie ${cookie}`), newCookie: undefined }
  const newCookie = randomBytes(24).toString('base64url')
  return { id: digest(`cookie ${newCookie}`), newCookie }
}

/** Identifies the downloader of an unlimited file, for counting only, without a cookie. */
export const readerOf = ({ headers }: FastifyRequest, { address }: Caller): string =>
  `${address} ${headers['user-agent'] ?? ''}`

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Sent by browsers that prefetch a page (Fetch §3.8.5; the others are older spellings). */
const PREFETCH_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const
/** Services that open a link to show a preview of it in a chat or a result list. */
const PREVIEW_BOTS =
  /(?<!cu)bot\b|facebookexternalhit|facebookcatalog|meta-external|whatsapp|skypeuripreview|slack-imgproxy|embedly|quora link preview|vkshare|w3c_validator|redditbot|pinterest|google-pagerenderer|mastodon|bluesky|iframely|snapchat|viber|kakaotalk-scrap|yahoo! slurp|microsoftpreview|bingpreview/i

/** Whether a program requests the content without a person who wants it. */
export const isPreview = ({ headers }: FastifyRequest): boolean =>
  PREFETCH_HEADERS.some((name) => /prefetch|preview|prerender/i.test(String(headers[name] ?? ''))) ||
  PREVIEW_BOTS.test(headers['user-agent'] ?? '')
