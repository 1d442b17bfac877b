import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { visibleName } from '../lib/visible-name.ts'
import { uploadTexts } from './texts/upload.ts'
import type { ViewFile } from './view.ts'

/** Announces files that became available while the page was open. */
export function Arrivals({ files }: { files: ViewFile[] }) {
  const there = files.filter(({ isThere }) => isThere)
  const known = useRef<Set<string> | undefined>(undefined)
  const news = useSignal('')
  useEffect(() => {
    const arrived = there.filter(({ file }) => known.current && !known.current.has(file.id))
    known.current = new Set(there.map(({ file }) => file.id))
    if (arrived.length > 0)
      news.value = uploadTexts.value.arrived(arrived.map(({ path }) => visibleName(path)).join(', '))
  }, [files])
  return (
    <p class="spoken" role="status">
      {news.value}
    </p>
  )
}
