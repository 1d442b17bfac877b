import { removeUpload } from '../lib/api.ts'
import { href, navigate } from '../lib/router.ts'
import type { ChosenFile } from '../send/chosen-files.ts'
import { ChooseButton, useDropAndPaste } from '../send/drop-zone.tsx'
import { stage, staged } from '../send/staged.ts'
import { rememberToken } from '../send/tokens.ts'
import { forgetUnfinished } from '../send/unfinished.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { Icon } from '../ui/icon.tsx'
import { lazy } from '../ui/lazy.tsx'
import { uploadTexts } from './texts/upload.ts'
import type { View } from './view.ts'

/** Tools for the owner of the upload. */

const StagedFiles = lazy(async () => (await import('../send/staged-files.tsx')).StagedFiles)

async function startAdding(view: View, files: ChosenFile[]): Promise<void> {
  if (files.length === 0) return
  const { addTo } = await import('../send/add-files.ts')
  await addTo(view.upload, view.access.token ?? '', view.secret, files)
  navigate('/')
}

/**
 * Adds files; files added to an encrypted upload are encrypted as well. Chosen files are sent immediately; dropped or pasted ones
 * after a confirmation.
 */
export function AddFiles({ view: { upload, access, secret }, view }: { view: View }) {
  const t = uploadTexts.value
  const add = (files: ChosenFile[]) => void startAdding(view, files)
  useDropAndPaste({ onFiles: (files) => stage({ upload, token: access.token ?? '', secret, files }) })
  return (
    <div class="buttons start">
      <ChooseButton label={t.addFiles} onFiles={add} />
      <ChooseButton label={t.addFolder} onFiles={add} isFolder />
      {staged.value?.upload.id === upload.id && <StagedFiles {...staged.value} />}
    </div>
  )
}

/** Links to further actions of the owner. */
export function OwnerTools({ view: { upload, access } }: { view: View }) {
  const t = uploadTexts.value

  async function remove(): Promise<void> {
    await removeUpload(upload.id, access)
    rememberToken(upload.id, undefined)
    forgetUnfinished(upload.id)
    navigate('/')
  }

  return (
    <div class="after">
      <a class="button plain" href={href('/')}>
        <Icon name="plus" />
        {t.sendMore}
      </a>
      <DialogButton icon="trash" label={t.deleteAll} look="plain danger">
        {(close) => <ConfirmDialog title={t.deleteAll} text={t.deleteAllSure} onConfirm={remove} onClose={close} />}
      </DialogButton>
    </div>
  )
}
