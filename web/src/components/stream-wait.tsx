import { useEffect } from 'preact/hooks'
import { uploadTexts } from '../i18n/upload.ts'

const LOOK_AGAIN_MS = 5_000

/** While the sender of a stream has not begun: looks again by itself, as long as somebody sees it. */
export function StreamWait({ reload }: { reload: () => Promise<void> }) {
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void reload()
    }, LOOK_AGAIN_MS)
    return () => clearInterval(timer)
  }, [reload])
  return <p class="quiet">{uploadTexts.value.waitingText}</p>
}
