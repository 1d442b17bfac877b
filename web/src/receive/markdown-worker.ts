import { Marked } from 'marked'
import { ALLOWED_TAGS } from './markdown-tags.ts'

/** Turns Markdown into HTML in a thread of its own, which can be ended: a text of 32 KB can keep the parser for seconds. */

const RAW_TAG = new RegExp(`<(/?(?:${ALLOWED_TAGS.join('|')})\\b)([^<>]*)>|<`, 'gi')
const HREF = /\shref="[^"]*"/i

/**
 * The HTML in a text, without any attribute but a link's; what is not allowed stands there as it was written. DOMPurify would
 * remove it as well, but has to parse it first, and browsers then report each handler and each style that our policy forbids.
 */
const plainTags = (html: string): string =>
  html.replace(RAW_TAG, (_, tag: string | undefined, attributes: string) =>
    tag === undefined ? '&lt;' : `<${tag}${HREF.exec(attributes)?.[0] ?? ''}>`,
  )

const markdown = new Marked({ gfm: true, breaks: true, renderer: { html: ({ text }) => plainTags(text) } })

addEventListener('message', ({ data }: MessageEvent<string>) => postMessage(markdown.parse(data, { async: false })))
postMessage(undefined) // it is loaded, which may take its time
