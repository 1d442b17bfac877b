import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { type Access, removeFile, removeUpload, serverConfig, type UploadJson } from '../api.ts'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { Countdown } from '../components/countdown.tsx'
import { Icon, type IconName } from '../components/icon.tsx'
import { Notice } from '../components/notice.tsx'
import { PasswordGate } from '../components/password-gate.tsx'
import { ReceivedFiles } from '../components/received-files.tsx'
import { SharePanel } from '../components/share-panel.tsx'
import { errorText } from '../error-text.ts'
import { formatBytes, formatNumber } from '../format.ts'
import { commonTexts } from '../i18n/common.ts'
import { uploadTexts } from '../i18n/upload.ts'
import { lazy } from '../lazy.tsx'
import { availableFiles } from '../receiving/commands.ts'
import { createReceived } from '../receiving/received.ts'
import { href, navigate, replaceRoute, route } from '../router.ts'
import { knownToken, rememberToken } from '../tokens.ts'

/** What a link leads to: the files, and for who made it, the ways to share and change it. */
export function UploadPage({ id }: { id: string }) {
  const token = useMemo(() => takeToken(id), [id])
  const { received, load, unlock } = useMemo(() => createReceived(id, token), [id, token])
  useEffect(() => void load(), [load])
  const t = uploadTexts.value
  const { value } = received
  switch (value.state) {
    case 'loading':
      return <p class="quiet waiting">{commonTexts.value.loading}</p>
    case 'locked':
      return <PasswordGate isWrong={value.isWrong} onPassword={unlock} />
    case 'gone':
      return <GonePage />
    case 'failed':
      return (
        <Notice tone="bad" title={t.failedTitle}>
          <p>{errorText(value.error)}</p>
          <button type="button" class="plain" onClick={() => void load()}>
            {commonTexts.value.tryAgain}
          </button>
        </Notice>
      )
    case 'open':
      return <OpenUpload upload={value.upload} access={value.access} reload={load} />
  }
}

/** Admin rights are taken out of the address, which people copy and browsers remember. */
function takeToken(id: string): string | undefined {
  const given = route.value.query.get('uploadToken')
  if (given === null) return knownToken(id)
  rememberToken(id, given)
  const { uploadToken: _taken, ...rest } = Object.fromEntries(route.value.query)
  replaceRoute('/', rest)
  return given
}

function GonePage() {
  const t = uploadTexts.value
  return (
    <section class="card centred narrow">
      <span class="drop-mark">
        <Icon name="clock" size={28} />
      </span>
      <h1>{t.goneTitle}</h1>
      <p class="quiet">{t.goneText}</p>
      <a class="button plain" href={href('/')}>
        {commonTexts.value.sendSomething}
      </a>
    </section>
  )
}

const RequestsPanel = lazy(async () => (await import('../components/requests-panel.tsx')).RequestsPanel)

interface OpenProps {
  upload: UploadJson
  access: Access
  reload: () => Promise<void>
}

function OpenUpload({ upload, access, reload }: OpenProps) {
  const t = uploadTexts.value
  const requests = mayAskGuests(upload) && <RequestsPanel upload={upload} access={access} />
  const isEmpty = upload.files === null || upload.files.length === 0
  return (
    <>
      {isEmpty && requests}
      {upload.admin && <SharePanel upload={upload} />}
      <section class="card received" aria-label={t.files}>
        <ReceivedHead upload={upload} />
        {upload.comments && <p class="message">{upload.comments}</p>}
        <ReceivedFiles
          upload={upload}
          access={access}
          reload={reload}
          onRemove={(file) => removeFile(upload.id, file, access)}
        />
      </section>
      {!isEmpty && requests}
      {(upload.admin || upload.removable) && <RemoveAll upload={upload} access={access} />}
    </>
  )
}

/** Nobody fills a stream for somebody else, and guests have no key to encrypt for. */
const mayAskGuests = ({ admin, stream, e2ee }: UploadJson): boolean =>
  admin && !stream && !e2ee && serverConfig.value?.feature_requests !== 'disabled'

function ReceivedHead({ upload }: { upload: UploadJson }) {
  const files = availableFiles(upload)
  const size = files.reduce((sum, { fileSize }) => sum + fileSize, 0)
  const title = uploadTexts.value.filesTitle(files.length)
  const text = size > 0 ? `${title} · ${formatBytes(size)}` : title
  return (
    <div class="received-head">
      {upload.admin ? <h2>{text}</h2> : <h1>{text}</h1>}
      <Facts upload={upload} />
    </div>
  )
}

function Facts({ upload }: { upload: UploadJson }) {
  const t = uploadTexts.value
  const facts: [unknown, IconName, string][] = [
    [upload.oneShot, 'once', t.oneShot],
    [upload.maxDownloads, 'once', t.limited(formatNumber(upload.maxDownloads ?? 0))],
    [upload.protectedByPassword, 'key', t.protected],
    [upload.stream, 'link', t.stream],
    [upload.removable && !upload.admin, 'trash', t.removable],
  ]
  return (
    <div class="facts">
      <Countdown expiresAt={upload.expireAt} />
      {facts.map(([applies, icon, text]) =>
        applies ? (
          <span key={text} class="tag">
            <Icon name={icon} size={16} />
            {text}
          </span>
        ) : null,
      )}
    </div>
  )
}

function RemoveAll({ upload, access }: Omit<OpenProps, 'reload'>) {
  const t = uploadTexts.value
  const isAsking = useSignal(false)

  async function remove(): Promise<void> {
    await removeUpload(upload.id, access)
    rememberToken(upload.id, undefined)
    navigate('/')
  }

  if (!upload.admin) return null
  return (
    <div class="after">
      <a class="button plain" href={href('/')}>
        <Icon name="plus" />
        {t.sendMore}
      </a>
      <button
        type="button"
        class="plain danger"
        onClick={() => {
          isAsking.value = true
        }}
      >
        <Icon name="trash" />
        {t.deleteAll}
      </button>
      {isAsking.value && (
        <ConfirmDialog
          title={t.deleteAll}
          text={t.deleteAllSure}
          onConfirm={remove}
          onClose={() => {
            isAsking.value = false
          }}
        />
      )}
    </div>
  )
}
