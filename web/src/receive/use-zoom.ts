import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { FITTED, moved, type Placement, type Point, zoomed } from './zoom.ts'

interface Options {
  /** A swipe or a key shows the next (1) or the previous file (-1). */
  onStep: (by: 1 | -1) => void
  /** Called on a swipe down. */
  onClose: () => void
}

/** Minimum distance of a swipe in pixels. */
const SWIPE = 60
/** Zoom factor of a click or double tap. */
const CLOSE_UP = 2.5
/** Height of a video's controls, at its lower edge. */
const CONTROLS = 80

/** Zooms and moves an image in a box by wheel, pinch, double tap and drag. An image that is not enlarged can be swiped. */
export function useZoom({ onStep, onClose }: Options) {
  const box = useRef<HTMLDivElement>(null)
  const placement = useSignal(FITTED)
  const isHeld = useSignal(false)
  const pointers = useRef(new Map<number, Point>()).current
  /** The state when the last touch started or ended. */
  const grip = useRef({ placement: FITTED, points: [] as Point[] })

  const size = (): DOMRect => (box.current as HTMLDivElement).getBoundingClientRect()
  const isZoomed = (): boolean => placement.value.scale > 1

  /** Relative to the centre of the box. */
  function pointOf({ clientX, clientY }: MouseEvent): Point {
    const { left, top, width, height } = size()
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 }
  }

  function hold(): void {
    isHeld.value = pointers.size > 0
    grip.current = { placement: placement.value, points: [...pointers.values()] }
  }

  /** Videos can't be zoomed. */
  function scaleBy(factor: number, at: Point = { x: 0, y: 0 }): void {
    if (box.current?.querySelector('img'))
      placement.value = zoomed(placement.value, placement.value.scale * factor, at, size())
  }

  function drag(pointerType: string): void {
    const { placement: from, points } = grip.current
    const [then, now] = [points, [...pointers.values()]].map(middle) as [Point, Point]
    const by = { x: now.x - then.x, y: now.y - then.y }
    if (points.length > 1) {
      placement.value = from
      scaleBy(spread([...pointers.values()]) / spread(points), then)
      placement.value = moved(placement.value, by, size())
    } else if (from.scale > 1) placement.value = moved(from, by, size())
    else if (pointerType !== 'mouse') placement.value = swiped(by)
  }

  /** Resets the position after a swipe, before the next file takes its place. */
  function drop({ x, y, scale }: Placement): void {
    if (scale > 1) return
    placement.value = FITTED
    if (y > SWIPE) onClose()
    else if (Math.abs(x) > SWIPE) onStep(x < 0 ? 1 : -1)
  }

  function release(event: PointerEvent): void {
    if (!pointers.delete(event.pointerId)) return
    const last = placement.value
    if (pointers.size === 0) drop(event.type === 'pointerup' ? last : { ...FITTED, scale: last.scale })
    hold()
  }

  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0 || isOnControls(event)) return
      pointers.set(event.pointerId, pointOf(event))
      if (!(event.target instanceof HTMLVideoElement)) box.current?.setPointerCapture(event.pointerId)
      hold()
    },
    onPointerMove: (event: PointerEvent) => {
      if (!pointers.has(event.pointerId)) return
      pointers.set(event.pointerId, pointOf(event))
      drag(event.pointerType)
    },
    onPointerUp: release,
    onPointerCancel: release,
    onDblClick: (event: MouseEvent) => scaleBy(isZoomed() ? 0 : CLOSE_UP, pointOf(event)),
    onWheel: (event: WheelEvent) => {
      event.preventDefault() // otherwise the browser zooms the whole page
      scaleBy(Math.exp(-event.deltaY / 300), pointOf(event))
    },
  }

  return {
    box,
    placement,
    isHeld,
    handlers,
    isZoomed,
    scaleBy,
    /** In pixels. */
    moveBy: (by: Point) => {
      placement.value = moved(placement.value, by, size())
    },
    reset: () => {
      placement.value = FITTED
    },
  }
}

const isOnControls = ({ target, clientY }: PointerEvent): boolean =>
  target instanceof HTMLVideoElement && clientY > target.getBoundingClientRect().bottom - CONTROLS

/** Moves along one axis only: sideways or down, whichever distance is larger. */
const swiped = ({ x, y }: Point): Placement =>
  Math.abs(x) > Math.abs(y) ? { scale: 1, x, y: 0 } : { scale: 1, x: 0, y: Math.max(0, y) }

const middle = (points: Point[]): Point => ({
  x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
  y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
})

const spread = ([one, other]: Point[]): number => (one && other ? Math.hypot(one.x - other.x, one.y - other.y) || 1 : 1)
