import { removeUpload } from '../api.ts'
import { uploadTexts } from '../i18n/upload.ts'
import { lazy } from '../lazy.tsx'
import type { View } from '../receiving/view.ts'
import { href, navigate } from '../router.ts'
import type { ChosenFile } from '../sending/chosen-files.ts'
import { stage, staged } from '../sending/staged.ts'
import { forgetUnfinished } from '../sending/unfinished.ts'
import { rememberToken } from '../tokens.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { DialogButton } from './dialog-button.tsx'
import { ChooseButton, useDropAndPaste } from './drop-zone.tsx'
import { Icon } from './icon.tsx'

/** What only people see who made the upload. */

const StagedFiles = lazy(async () => (await import('./staged-files.tsx')).StagedFiles)

async function startAdding(view: View, files: ChosenFile[]): Promise<void> {
  if (files.length === 0) return
  const { addTo } = await import('../sending/add-files.ts')
  await addTo(view.upload, view.access.token ?? '', view.secret, files)
  navigate('/')
}

/** Into an encrypted upload files go encrypted, too. What is chosen goes at once, and people are asked about what is dropped or pasted. */
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

/** What people can do next, who made the upload. */
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
