import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'

/** Number of rows that are rendered and removed together. */
const BLOCK_ROWS = 40
/** Assumed height of a row before any was measured. */
const ROW_PX = 72
/** Distance from the visible area at which rows are rendered. */
const MARGIN = '800px 0px'

interface Props<T> {
  files: readonly T[]
  keyOf: (file: T) => string
  /** Renders a row. It is called again when the file, or one of the objects in `from`, was replaced. */
  row: (file: T) => ComponentChildren
  from?: readonly unknown[]
  label?: string
  /** Rows stay rendered, because they have state of their own. */
  isKept?: boolean
}

/** A list that renders only the visible files, so that thousands cost no more than a few. */
export function VisibleRows<T>({ files, ...props }: Props<T>) {
  const blocks = Array.from({ length: Math.ceil(files.length / BLOCK_ROWS) }, (_, index) =>
    files.slice(index * BLOCK_ROWS, (index + 1) * BLOCK_ROWS),
  )
  return (
    <div class="rows">
      {blocks.map((block, index) => (
        <Block key={index} files={block} isFirst={index === 0} {...props} />
      ))}
    </div>
  )
}

function Block<T>({ files, keyOf, isFirst, label, isKept = false, ...props }: Props<T> & { isFirst: boolean }) {
  const [isNear, setNear] = useState(isFirst)
  const box = useRef<HTMLDivElement>(null)
  const height = useRef(files.length * ROW_PX)
  useEffect(() => {
    const { current } = box
    if (!current) return
    const observer = new IntersectionObserver(
      (entries) => {
        const entry = entries.at(-1)
        if (!entry) return
        if (!entry.isIntersecting) height.current = entry.boundingClientRect.height
        setNear((wasNear) => entry.isIntersecting || (isKept && wasNear))
      },
      { rootMargin: MARGIN },
    )
    observer.observe(current)
    return () => observer.disconnect()
  }, [])
  return (
    <div ref={box} style={isNear ? undefined : { height: `${height.current}px` }}>
      {isNear && (
        <ul class="files" aria-label={label}>
          {files.map((file) => (
            <Row key={keyOf(file)} file={file} {...props} />
          ))}
        </ul>
      )}
    </div>
  )
}

function Row<T>({ file, row, from = [] }: { file: T; row: Props<T>['row']; from?: readonly unknown[] }) {
  return <>{useMemo(() => row(file), [file, ...from])}</>
}
