import { Marked } from 'marked'
import { ALLOWED_TAGS } from './markdown-tags.ts'

/** Renders Markdown to HTML in a worker that can be terminated: a text of 32 KB can keep the parser busy for seconds. */

const RAW_TAG = new RegExp(`<(/?(?:${ALLOWED_TAGS.join('|')})\\b)([^<>]*)>|<`, 'gi')
const HREF = /\shref="[^"]*"/i

/**
 * Strips all attributes except those of links from HTML in the text; forbidden tags are shown as text. DOMPurify would remove
 * them as well, but it has to parse them first, and browsers then report each handler and style that the content security policy
 * forbids.
 */
const plainTags = (html: string): string =>
  html.replace(RAW_TAG, (_, tag: string | undefined, attributes: string) =>
    tag === undefined ? '&lt;' : `<${tag}${HREF.exec(attributes)?.[0] ?? ''}>`,
  )

const markdown = new Marked({ gfm: true, breaks: true, renderer: { html: ({ text }) => plainTags(text) } })

addEventListener('message', ({ data }: MessageEvent<string>) => postMessage(markdown.parse(data, { async: false })))
postMessage(undefined) // the worker is loaded, so the time limit can start
