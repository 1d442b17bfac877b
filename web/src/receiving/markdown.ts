import DOMPurify from 'dompurify'
import { Marked } from 'marked'

/** Loads nothing, submits nothing, frames nothing, styles nothing: text, lists, tables and links. */
const ALLOWED_TAGS =
  'a b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i li ol p pre s strong table tbody td th thead tr ul'.split(' ')

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

/** Markdown of strangers. Nothing of it gets past DOMPurify. */
export function renderMarkdown(text: string): DocumentFragment {
  const fragment = DOMPurify.sanitize(markdown.parse(text, { async: false }), {
    ALLOWED_TAGS,
    ALLOWED_ATTR: ['href', 'title', 'start', 'align'],
    ALLOWED_URI_REGEXP: /^(?:https?|mailto):/i,
    RETURN_DOM_FRAGMENT: true,
  })
  for (const link of fragment.querySelectorAll('a')) {
    link.rel = 'noopener noreferrer nofollow'
    link.target = '_blank'
  }
  return fragment
}
