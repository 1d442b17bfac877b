import { listTexts } from '../lib/texts/lists.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { ExtendDialog } from './extend-dialog.tsx'

interface Props {
  /** Name of the upload for the user. */
  name: string
  /** Seconds from now; -1: forever. */
  onExtend: (ttl: number) => Promise<void>
  onDelete: () => Promise<void>
}

/** Actions in a list of uploads: extend or delete. */
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
