import DOMPurify from 'dompurify'
import { ALLOWED_TAGS } from './markdown-tags.ts'
import './markdown.css'

/** An ordinary text takes a few milliseconds. */
const TIME_LIMIT_MS = 500

/** Renders untrusted Markdown, sanitised by DOMPurify. Rejects if it can't be rendered, or not in time. */
export async function renderMarkdown(text: string): Promise<DocumentFragment> {
  const fragment = DOMPurify.sanitize(await parse(text), {
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

async function parse(text: string): Promise<string> {
  const worker = new Worker(new URL('./markdown-worker.ts', import.meta.url), { type: 'module' })
  try {
    await answerOf(worker)
    setTimeout(() => worker.dispatchEvent(new Event('error')), TIME_LIMIT_MS)
    worker.postMessage(text)
    return await answerOf(worker)
  } finally {
    worker.terminate()
  }
}

const answerOf = (worker: Worker): Promise<string> =>
  new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => resolve(data), { once: true })
    worker.addEventListener('error', reject, { once: true })
  })
