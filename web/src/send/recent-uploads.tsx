import { MayflyError } from '../../../client/src/errors.ts'
import { extendUpload } from '../accounts/accounts-api.ts'
import { getUpload, removeUpload } from '../lib/api.ts'
import { href } from '../lib/router.ts'
import { listTexts } from '../lib/texts/lists.ts'
import { visibleName } from '../lib/visible-name.ts'
import { Countdown } from '../receive/countdown.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { SwitchField } from '../ui/switch-field.tsx'
import { KeepOrDelete } from './keep-or-delete.tsx'
import { changeRecent, chooseToKeepRecent, forgetRecent, keepsRecent, type RecentUpload, recent } from './recent.ts'
import { recentTexts } from './texts/recent.ts'
import { rememberToken } from './tokens.ts'
import { forgetUnfinished } from './unfinished.ts'
import '../ui/styles/lists.css'

/** Uploads made in this browser without an account. Folded at first, because others may see the screen. */
export function RecentUploads() {
  const t = recentTexts.value
  const all = recent.value
  return (
    <details class="card more recent" onToggle={({ currentTarget }) => currentTarget.open && void refresh()}>
      <summary>{keepsRecent.value || all.length > 0 ? t.title(all.length) : t.none}</summary>
      <div class="stack">
        <p class="quiet">{t.text}</p>
        {all.length > 0 && (
          <ul class="rows" aria-label={t.list}>
            {all.map((upload) => (
              <RecentRow key={upload.uploadId} upload={upload} />
            ))}
          </ul>
        )}
        <SwitchField label={t.keep} isOn={keepsRecent.value} onChange={chooseToKeepRecent} />
        {all.length > 0 && (
          <div class="buttons start">
            <DialogButton icon="close" label={t.clear}>
              {(close) => (
                <ConfirmDialog
                  title={t.clear}
                  text={t.clearSure}
                  action={t.clear}
                  onConfirm={async () => clear()}
                  onClose={close}
                />
              )}
            </DialogButton>
          </div>
        )}
      </div>
    </details>
  )
}

function RecentRow({ upload: { uploadId, token, title, files, expiresAt, isStream } }: { upload: RecentUpload }) {
  const t = listTexts.value
  const isEncrypted = title === undefined
  const name = title === undefined ? t.encryptedFiles(files) : visibleName(title)

  async function extend(ttl: number): Promise<void> {
    changeRecent(uploadId, { expiresAt: (await extendUpload(uploadId, ttl, { token })).expireAt })
  }

  return (
    <li class="row">
      <div class="row-main">
        <a class="row-title" href={href('/', { id: uploadId, ...(isEncrypted ? { e2ee: '1' } : {}) })}>
          {!isEncrypted && files > 1 ? t.andMore(name, files - 1) : name}
        </a>
        <p class="facts quiet">
          <Countdown expiresAt={expiresAt} isStream={isStream} />
        </p>
        {isEncrypted && <p class="row-note">{recentTexts.value.keyless}</p>}
      </div>
      <div class="row-actions">
        <KeepOrDelete name={name} onExtend={extend} onDelete={() => deleteRecent(uploadId, token)} />
      </div>
    </li>
  )
}

/** An upload that no longer exists counts as deleted. */
async function deleteRecent(uploadId: string, token: string): Promise<void> {
  await removeUpload(uploadId, { token }).catch((error: unknown) => {
    if (!(error instanceof MayflyError && error.status === 404)) throw error
  })
  rememberToken(uploadId, undefined)
  forgetUnfinished(uploadId)
}

/** Removes uploads that no longer exist, and updates the expiry of the others. */
async function refresh(): Promise<void> {
  for (const { uploadId, token } of recent.value) {
    try {
      changeRecent(uploadId, { expiresAt: (await getUpload(uploadId, { token })).expireAt })
    } catch (error) {
      if (error instanceof MayflyError && error.status === 404) forgetRecent(uploadId)
    }
  }
}

/** Also removes the tokens kept by this tab. */
function clear(): void {
  for (const { uploadId } of recent.value) rememberToken(uploadId, undefined)
}
