import { useEffect, useRef } from 'preact/hooks'

/** The sender's message, in Markdown. Until it is rendered, and if that fails, it is shown as plain text. */
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
