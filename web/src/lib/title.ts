import { effect, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { formatPercent } from './format.ts'
import { ownUploads } from './upload-indicator.ts'

/** What the browser calls this tab: how far it has sent, and the page that it shows. */

const NAME = 'Mayfly'
const page = signal('')

effect(() => {
  document.title = [progress(), page.value, NAME].filter((part) => part !== '').join(' · ')
})

/** Of all that is being sent; nothing when all bytes have left. */
function progress(): string {
  const totals = ownUploads.value.map(({ total }) => total.value)
  const sum = (key: 'sent' | 'size') => totals.reduce((all, total) => all + total[key], 0)
  return sum('sent') < sum('size') ? formatPercent(sum('sent') / sum('size')) : ''
}

/** Calls the page so while it is shown. Undefined: this is only a part of it. */
export function useTitle(text: string | undefined): void {
  useEffect(() => {
    if (text === undefined) return
    page.value = text
    return () => {
      page.value = ''
    }
  }, [text])
}
