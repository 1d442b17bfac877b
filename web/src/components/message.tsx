import { useEffect, useRef } from 'preact/hooks'

/** What the sender wrote, in Markdown. Until it is rendered, and where it can't be, it is plain text. */
export function Message({ text }: { text: string }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    void import('../receiving/markdown.ts').then(({ renderMarkdown }) =>
      place.current?.replaceChildren(renderMarkdown(text)),
    )
  }, [text])
  return (
    <div ref={place} class="message">
      {text}
    </div>
  )
}
