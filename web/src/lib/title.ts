import { effect, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { formatPercent } from './format.ts'
import { ownUploads } from './upload-indicator.ts'

/** The title of this tab: progress of sending, and the current page. */

const NAME = 'Mayfly'
const page = signal('')

effect(() => {
  document.title = [progress(), page.value, NAME].filter((part) => part !== '').join(' · ')
})

/** Progress of all transfers in this tab; empty once all bytes were sent. */
function progress(): string {
  const totals = ownUploads.value.map(({ total }) => total.value)
  const sum = (key: 'sent' | 'size') => totals.reduce((all, total) => all + total[key], 0)
  return sum('sent') < sum('size') ? formatPercent(sum('sent') / sum('size')) : ''
}

/** Sets the title while a component is shown. Undefined: the component sets none. */
export function useTitle(text: string | undefined): void {
  useEffect(() => {
    if (text === undefined) return
    page.value = text
    return () => {
      page.value = ''
    }
  }, [text])
}
