import { removeFile } from '../lib/api.ts'
import { visibleName } from '../lib/visible-name.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { uploadTexts } from './texts/upload.ts'
import type { View, ViewFile } from './view.ts'

interface Props {
  view: View
  one: ViewFile
  /** Loads the upload again. */
  reload: () => Promise<void>
}

/** Deletes one file, after a confirmation. */
export function DeleteButton({ view, one, reload }: Props) {
  const t = uploadTexts.value
  const { file } = one
  const path = visibleName(one.path)
  return (
    <DialogButton icon="trash" label={t.deleteFile(path)} look="bare">
      {(close) => (
        <ConfirmDialog
          title={t.deleteFile(path)}
          text={t.deleteFileSure(path)}
          onConfirm={async () => {
            if (view.manifest) await (await import('../send/manifest-changes.ts')).unlist(view, one)
            await removeFile(view.upload.id, file, view.access)
            await reload()
          }}
          onClose={close}
        />
      )}
    </DialogButton>
  )
}
