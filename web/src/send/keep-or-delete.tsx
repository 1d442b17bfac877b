import { listTexts } from '../lib/texts/lists.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { ExtendDialog } from './extend-dialog.tsx'

interface Props {
  /** Of the upload, as people know it. */
  name: string
  /** Seconds from now on; -1: for ever. */
  onExtend: (ttl: number) => Promise<void>
  onDelete: () => Promise<void>
}

/** In a list of uploads: how long one of them is kept, and its end. */
export function KeepOrDelete({ name, onExtend, onDelete }: Props) {
  const t = listTexts.value
  return (
    <>
      <DialogButton icon="clock" label={t.extendOf(name)} look="bare">
        {(close) => <ExtendDialog name={name} onClose={close} onExtend={onExtend} />}
      </DialogButton>
      <DialogButton icon="trash" label={t.deleteOf(name)} look="bare">
        {(close) => (
          <ConfirmDialog title={t.deleteOf(name)} text={t.deleteSure(name)} onClose={close} onConfirm={onDelete} />
        )}
      </DialogButton>
    </>
  )
}
