import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useLayoutEffect } from 'preact/hooks'
import { formatBytes, formatNumber } from '../lib/format.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { useModal } from '../ui/dialog.tsx'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { directUrl } from './preview.ts'
import { previewKind } from './preview-kind.ts'
import { galleryTexts } from './texts/gallery.ts'
import { uploadTexts } from './texts/upload.ts'
import { useBack } from './use-back.ts'
import { usePreview } from './use-preview.ts'
import { useZoom } from './use-zoom.ts'
import type { View, ViewFile } from './view.ts'
import './lightbox.css'

interface Props {
  view: View
  /** Images and videos in their displayed order. */
  files: ViewFile[]
  /** Id of the file that is shown first. */
  first: string
  /** Called with the id of the file shown last. */
  onClose: (last: string) => void
  /** Details and actions of a file. */
  children: (one: ViewFile) => ComponentChildren
}

/** Zoom factor of one key press or click. */
const LARGER = 1.5
const ASIDE = 80

/** Shows images and videos one at a time in the whole window, with zoom. */
export function Lightbox({ view, files, first, onClose, children }: Props) {
  const shown = useSignal(first)
  const close = useBack(() => onClose(shown.value))
  const dialog = useModal(close)
  const id = useId()
  const place = files.findIndex(({ file }) => file.id === shown.value)
  const one = files[place]
  const zoom = useZoom({ onStep: step, onClose: () => dialog.current?.close() })
  useKeys({
    ArrowLeft: () => (zoom.isZoomed() ? zoom.moveBy({ x: ASIDE, y: 0 }) : step(-1)),
    ArrowRight: () => (zoom.isZoomed() ? zoom.moveBy({ x: -ASIDE, y: 0 }) : step(1)),
    ArrowUp: () => zoom.moveBy({ x: 0, y: ASIDE }),
    ArrowDown: () => zoom.moveBy({ x: 0, y: -ASIDE }),
    PageUp: () => step(-1),
    PageDown: () => step(1),
    Home: () => show(0),
    End: () => show(files.length - 1),
    '+': larger,
    '=': larger,
    '-': smaller,
    '0': zoom.reset,
  })
  usePreloaded(view, [files[place + 1], files[place - 1]])
  if (!one) return null

  function show(at: number): void {
    const next = files[at]
    if (!next || at === place) return
    zoom.reset()
    shown.value = next.file.id
  }

  function step(by: 1 | -1): void {
    show(place + by)
  }

  function larger(): void {
    zoom.scaleBy(LARGER)
  }

  function smaller(): void {
    zoom.scaleBy(1 / LARGER)
  }

  const isImage = previewKind(view, one) === 'image'
  const t = galleryTexts.value
  const name = visibleName(one.path)
  const position = t.placeOf(formatNumber(place + 1), formatNumber(files.length))
  return (
    <dialog ref={dialog} class="lightbox" aria-labelledby={id} tabIndex={-1} autofocus>
      <div class="lightbox-head">
        <p class="quiet">{position}</p>
        {isImage && <IconButton icon="minus" label={t.zoomOut} onClick={smaller} />}
        {isImage && <IconButton icon="plus" label={t.zoomIn} onClick={larger} />}
        <IconButton icon="close" label={commonTexts.value.close} onClick={() => dialog.current?.close()} />
      </div>
      <div ref={zoom.box} class={`stage ${zoom.isHeld.value ? 'held' : ''}`} {...zoom.handlers}>
        <Shown key={one.file.id} view={view} one={one} isFirst={one.file.id === first} zoom={zoom} />
      </div>
      <Step label={t.previous} isOver={place === 0} onClick={() => step(-1)} />
      <Step label={t.next} isOver={place === files.length - 1} onClick={() => step(1)} />
      <div class="lightbox-foot">
        <h2 id={id}>{name}</h2>
        <span class="file-facts">{formatBytes(one.size)}</span>
        {children(one)}
      </div>
      <p class="spoken" role="status">{`${name}, ${position}`}</p>
    </dialog>
  )
}

/** Keyboard shortcuts, independent of the focus; a focused video keeps its own keys. */
function useKeys(keys: Record<string, () => void>): void {
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      const act = keys[event.key]
      if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLVideoElement) return
      event.preventDefault()
      act()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  })
}

/** Preloads files so that the next step shows them immediately. */
function usePreloaded(view: View, files: (ViewFile | undefined)[]): void {
  const urls = files.map((one) => one && previewKind(view, one) === 'image' && directUrl(view, one))
  useEffect(() => {
    for (const url of urls) if (url) new Image().src = url
  }, urls)
}

interface ShownProps {
  view: View
  one: ViewFile
  /** The user opened this file directly, so a video starts to play. */
  isFirst: boolean
  zoom: ReturnType<typeof useZoom>
}

function Shown({ view, one, isFirst, zoom }: ShownProps) {
  const kind = previewKind(view, one) === 'video' ? 'video' : 'image'
  const { preview, problem } = usePreview(view, one, kind)
  const isOriginal = useSignal(false)
  const isBlank = useSignal(false)
  const isLoaded = useSignal(false)
  const t = uploadTexts.value
  const shown = preview && 'url' in preview ? preview : undefined
  const fail = () => {
    // The server may have no time for a copy, or no decoder.
    const hasOther = shown?.original !== undefined && shown.original !== shown.url && !isOriginal.value
    if (hasOther) isOriginal.value = true
    else isBlank.value = true
  }
  if (problem || isBlank.value)
    return (
      <p class="bad" role="alert">
        {problem ?? t.notShown}
      </p>
    )
  const waiting = <p class="quiet">{commonTexts.value.loading}</p>
  if (!shown) return waiting
  if (kind === 'video')
    // biome-ignore lint/a11y/useMediaCaption: an uploaded file has no captions
    return <video class="preview" src={shown.url} controls autoplay={isFirst} onError={fail} />
  const { scale, x, y } = zoom.placement.value
  return (
    <>
      {!isLoaded.value && waiting}
      <img
        class={`preview ${isLoaded.value ? 'loaded' : ''}`}
        src={isOriginal.value ? shown.original : shown.url}
        alt={t.imageOf(visibleName(one.path))}
        draggable={false}
        style={{ transform: `translate(${x}px, ${y}px) scale(${scale})` }}
        onError={fail}
        onLoad={() => {
          isLoaded.value = true
        }}
      />
    </>
  )
}

/** `aria-disabled` instead of `disabled`, because a disabled button would lose the focus. */
function Step({ label, isOver, onClick }: { label: string; isOver: boolean; onClick: () => void }) {
  return (
    <button type="button" class="bare step" aria-label={label} title={label} aria-disabled={isOver} onClick={onClick}>
      <Icon name="chevron" size={28} />
    </button>
  )
}
