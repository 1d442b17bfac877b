import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { visibleName } from '../lib/visible-name.ts'
import { KIND_ICONS, kindOf } from '../ui/file-kind.ts'
import { Icon } from '../ui/icon.tsx'
import { thumbnailUrl } from './links.ts'
import { pageThumbnail, THUMBNAIL_BOX } from './page-thumbnail.ts'
import { thumbnailBy } from './preview-kind.ts'
import type { View, ViewFile } from './view.ts'

interface Props {
  view: View
  one: ViewFile
}

/** The server rejects some requests when there are too many at once. */
const MAX_ATTEMPTS = 3
const PAUSE_MS = 5_000
/** Distance from the visible area at which images are loaded. */
const MARGIN = '200px'

/** A square thumbnail; if there is none, an icon for the kind of file, and its name. */
export function Thumbnail({ view, one }: Props) {
  const by = thumbnailBy(view, one)
  if (by === 'browser') return <ByBrowser view={view} one={one} />
  return by === 'page' ? <ByPage view={view} one={one} /> : <WithoutImage one={one} />
}

function ByBrowser({ view, one }: Props) {
  const failures = useSignal(0)
  if (failures.value === MAX_ATTEMPTS) return <WithoutImage one={one} />

  function fail(): void {
    const count = failures.value + 1
    setTimeout(() => (failures.value = count), count === MAX_ATTEMPTS ? 0 : PAUSE_MS)
  }

  const url = thumbnailUrl(view.upload, one.file, THUMBNAIL_BOX)
  return <img key={failures.value} src={url} alt="" loading="lazy" decoding="async" onError={fail} />
}

/** Downloads the thumbnail when it comes near the visible area, and cancels if it leaves before the end. */
function ByPage({ view, one }: Props) {
  const box = useRef<HTMLSpanElement>(null)
  const url = useSignal<string | undefined>(undefined)
  const hasFailed = useSignal(false)
  useEffect(() => {
    let running: AbortController | undefined

    async function fetchIt({ signal }: AbortController): Promise<void> {
      const made = await pageThumbnail(view, one, signal)
      if (signal.aborted) return
      url.value = URL.createObjectURL(made)
      observer.disconnect()
    }

    const observer = new IntersectionObserver(
      (entries) => {
        running?.abort()
        if (!entries.at(-1)?.isIntersecting) return
        const own = new AbortController()
        running = own
        fetchIt(own).catch(() => {
          if (!own.signal.aborted) hasFailed.value = true
        })
      },
      { rootMargin: MARGIN },
    )
    observer.observe(box.current as HTMLSpanElement)
    return () => {
      observer.disconnect()
      running?.abort()
      if (url.peek()) URL.revokeObjectURL(url.peek() as string)
    }
  }, [])
  if (hasFailed.value) return <WithoutImage one={one} />
  return url.value ? <img src={url.value} alt="" decoding="async" /> : <span ref={box} class="tile-wait" />
}

function WithoutImage({ one: { path, file } }: { one: ViewFile }) {
  return (
    <span class="tile-name">
      <Icon name={KIND_ICONS[kindOf({ name: path, type: file.fileType })]} size={28} />
      <span>{visibleName(path)}</span>
    </span>
  )
}
