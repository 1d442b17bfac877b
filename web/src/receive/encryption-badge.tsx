import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { Icon, type IconName } from '../ui/icon.tsx'
import { encryptionTexts } from './texts/encryption.ts'
import { uploadTexts } from './texts/upload.ts'
import { type Verdict, verify } from './verify.ts'
import type { View } from './view.ts'
import './encryption.css'

/** Shows that an upload is encrypted, and how much of it was verified. */
export function EncryptionBadge({ view }: { view: View }) {
  const t = encryptionTexts.value
  const verdict = useSignal<Verdict | undefined>(undefined)
  useEffect(() => {
    void verify(view).then((result) => {
      verdict.value = result
    })
  }, [view])
  const { state = 'checking', files = [] } = verdict.value ?? {}
  const looks: Record<typeof state, { icon: IconName; text: string; tone: string }> = {
    checking: { icon: 'key', text: t.checking, tone: '' },
    verified: { icon: 'lock', text: t.verified, tone: 'good' },
    incomplete: { icon: 'key', text: t.incomplete(view.absent ?? 0), tone: '' },
    listed: { icon: 'key', text: t.listed, tone: '' },
    unlisted: { icon: 'key', text: t.unlisted, tone: '' },
    unread: { icon: 'key', text: t.unread, tone: '' },
    unreachable: { icon: 'key', text: t.unreachable, tone: '' },
    insecure: { icon: 'key', text: uploadTexts.value.needsHttps, tone: 'bad' },
    refuted: { icon: 'close', text: t.refuted(files.join(', ')), tone: 'bad' },
  }
  const { icon, text, tone } = looks[state]
  return (
    <p class={`encryption ${tone}`} role={state === 'refuted' ? 'alert' : 'status'}>
      <Icon name={icon} size={16} />
      <span>{text}</span>
    </p>
  )
}
