import { useSignal } from '@preact/signals'
import { formatDuration } from '../lib/format.ts'
import { ttlChoices } from '../lib/limits.ts'
import { myConfig } from '../lib/session.ts'
import { listTexts } from '../lib/texts/lists.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { SelectField } from '../ui/toolbar.tsx'

interface Props {
  name: string
  /** -1: forever. */
  onExtend: (ttlSeconds: number) => Promise<void>
  onClose: () => void
}

/** Asks how much longer an upload should be kept. */
export function ExtendDialog({ name, onExtend, onClose }: Props) {
  const t = listTexts.value
  const config = myConfig.value
  const choices = config ? ttlChoices(config) : []
  const ttl = useSignal(String(config?.defaultTTL ?? choices[0]))
  return (
    <Dialog title={t.extendOf(name)} onClose={onClose}>
      <ActionForm
        action={t.save}
        onSubmit={async () => {
          await onExtend(Number(ttl.value))
          onClose()
        }}
      >
        <SelectField
          label={t.extendBy}
          value={ttl}
          options={choices.map((seconds) => [String(seconds), seconds > 0 ? formatDuration(seconds) : t.never])}
        />
        <p class="quiet">{t.extendText}</p>
      </ActionForm>
    </Dialog>
  )
}
