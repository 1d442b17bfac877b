import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

/** Generated in the page, since links must not be sent to other services. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const path = useSignal<{ d: string; size: number } | undefined>(undefined)
  useEffect(() => {
    void import('uqr').then(({ encode }) => {
      const { data, size } = encode(text, { border: 2, ecc: 'L' })
      path.value = { d: pathOf(data), size }
    })
  }, [text])
  if (!path.value) return <div class="qr" />
  const { d, size } = path.value
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shape-rendering="crispEdges">
      <path d={d} />
    </svg>
  )
}

const pathOf = (rows: boolean[][]): string =>
  rows.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
