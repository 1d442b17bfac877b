import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { uploadTexts } from '../i18n/upload.ts'
import { verify } from '../receiving/verify.ts'
import type { View } from '../receiving/view.ts'
import { Icon, type IconName } from './icon.tsx'

/** Says that an upload is encrypted once that was seen, not because somebody wished it so. */
export function EncryptionBadge({ view }: { view: View }) {
  const t = uploadTexts.value
  const state = useSignal<'checking' | Awaited<ReturnType<typeof verify>>>('checking')
  useEffect(() => {
    void verify(view).then((result) => {
      state.value = result
    })
  }, [view])
  const looks: Record<typeof state.value, { icon: IconName; text: string; tone: string }> = {
    checking: { icon: 'key', text: t.encryptionChecking, tone: '' },
    verified: { icon: 'lock', text: t.encryptionVerified, tone: 'good' },
    unread: { icon: 'key', text: t.encryptionUnread, tone: '' },
    unreachable: { icon: 'key', text: t.encryptionUnreachable, tone: '' },
    insecure: { icon: 'key', text: t.needsHttps, tone: 'bad' },
    refuted: { icon: 'close', text: t.encryptionRefuted, tone: 'bad' },
  }
  const { icon, text, tone } = looks[state.value]
  return (
    <p class={`encryption ${tone}`} role="status">
      <Icon name={icon} size={16} />
      {text}
    </p>
  )
}
