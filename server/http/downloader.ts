import { createHash, randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '../accounts/caller.ts'
import { boundName } from './cookies.ts'

/** The cookie by which a browser is known while it downloads something limited. */
const DOWNLOADER_COOKIE = 'mayfly-download'
export const downloaderCookieFor = (request: FastifyRequest): string => boundName(DOWNLOADER_COOKIE, request, '/')

/** Who downloads, as claims know it. */
export interface Downloader {
  /** Hash of what identifies the downloader. */
  id: string
  /** A new cookie to set, for a browser that had none. */
  newCookie: string | undefined
}

/** Long enough that nobody guesses another one. */
const GIVEN_ID = /^[\w-]{16,64}$/

/**
 * The downloader that a claim on a limited download belongs to. Browsers behind one address look all the same, so they get a cookie;
 * curl and programs keep none, but have an address and a name. Our page names itself (`?holder=`) to a download domain, where
 * cookies are another site's: the browser would send them along when it follows a link, but not when the page asks.
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

/** The downloader of something that is not limited, which is only counted and gets no cookie. */
export const readerOf = ({ headers }: FastifyRequest, { address }: Caller): string =>
  `${address} ${headers['user-agent'] ?? ''}`

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Announced by what looks at a page before a person does (Fetch §3.8.5; the rest are older spellings of it). */
const PREFETCH_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const
/** Services that open a link to show a preview of it in a chat or a result list. */
const PREVIEW_BOTS =
  /(?<!cu)bot\b|facebookexternalhit|facebookcatalog|meta-external|whatsapp|skypeuripreview|slack-imgproxy|embedly|quora link preview|vkshare|w3c_validator|redditbot|pinterest|google-pagerenderer|mastodon|bluesky|iframely|snapchat|viber|kakaotalk-scrap|yahoo! slurp|microsoftpreview|bingpreview/i

/** Whether nobody is there to read what would be sent. */
export const isPreview = ({ headers }: FastifyRequest): boolean =>
  PREFETCH_HEADERS.some((name) => /prefetch|preview|prerender/i.test(String(headers[name] ?? ''))) ||
  PREVIEW_BOTS.test(headers['user-agent'] ?? '')
