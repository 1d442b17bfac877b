import { navigate } from '../lib/router.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { addTo } from './add-files.ts'
import { ChosenList } from './chosen-list.tsx'
import { type Staged, staged, unstage } from './staged.ts'
import { sendingTexts } from './texts/sending.ts'

/** Asks whether pasted or dropped files should be added to this upload: a paste may be unintended. */
export function StagedFiles({ upload, token, secret, files }: Staged) {
  const t = sendingTexts.value

  async function add(): Promise<void> {
    await addTo(upload, token, secret, files)
    unstage()
    navigate('/')
  }

  function remove(key: string): void {
    const left = files.filter((file) => file.key !== key)
    if (left.length === 0) unstage()
    else staged.value = { upload, token, secret, files: left }
  }

  return (
    <Dialog title={t.stagedTitle(files.length)} onClose={unstage}>
      <ActionForm
        action={t.stagedAdd}
        onSubmit={add}
        more={
          <button type="button" class="plain" onClick={unstage}>
            {t.stagedLeave}
          </button>
        }
      >
        <p>{t.stagedText}</p>
        <ChosenList files={[...files]} onRemove={remove} />
      </ActionForm>
    </Dialog>
  )
}
