import { useEffect, useRef } from 'preact/hooks'

/** What the sender wrote, in Markdown. Until it is rendered, and where it can't be, it is plain text. */
export function Message({ text }: { text: string }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let isShown = true
    void import('./markdown.ts')
      .then(({ renderMarkdown }) => renderMarkdown(text))
      .then(
        (rendered) => isShown && place.current?.replaceChildren(rendered),
        () => {},
      )
    return () => {
      isShown = false
    }
  }, [text])
  return (
    <div ref={place} class="message">
      {text}
    </div>
  )
}
