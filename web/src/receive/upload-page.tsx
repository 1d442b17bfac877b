import { useEffect, useMemo } from 'preact/hooks'
import { serverConfig, type UploadJson } from '../lib/api.ts'
import { formatBytes, formatNumber } from '../lib/format.ts'
import { href, route } from '../lib/router.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { takeToken } from '../send/tokens.ts'
import { CentredCard } from '../ui/centred-card.tsx'
import { ErrorMessage } from '../ui/error-message.tsx'
import { Icon, type IconName } from '../ui/icon.tsx'
import { lazy } from '../ui/lazy.tsx'
import { PageTitle } from '../ui/page-title.tsx'
import { Countdown } from './countdown.tsx'
import { Commands } from './lazy-commands.ts'
import { Message } from './message.tsx'
import { PasswordGate } from './password-gate.tsx'
import { createReceived } from './received.ts'
import { ReceivedFiles } from './received-files.tsx'
import { isIdentity } from './secret.ts'
import { uploadTexts } from './texts/upload.ts'
import { useNews } from './use-news.ts'
import type { View } from './view.ts'

/** The page of an upload: its files, and for the owner the tools to share and change it. */
export function UploadPage({ id }: { id: string }) {
  const token = takeToken(id)
  const [key, e2ee] = ['key', 'e2ee'].map((name) => route.value.query.get(name) || undefined)
  const { received, load, refresh, unlock, tryKey } = useMemo(
    () => createReceived(id, token, { key, e2ee }),
    [id, token, key, e2ee],
  )
  useEffect(() => void load(), [load])
  const reload = useNews(received, refresh)
  const t = uploadTexts.value
  const { value } = received
  switch (value.state) {
    case 'loading':
      return <p class="quiet waiting">{commonTexts.value.loading}</p>
    case 'locked':
      if (value.needs === 'key') return <KeyGate key="key" problem={value.problem} tried={value.tried} onKey={tryKey} />
      return (
        <PasswordGate
          icon="lock"
          words={{
            title: t.locked,
            text: t.lockedText,
            field: t.password,
            wrong: value.isWrong ? t.wrongPassword : undefined,
          }}
          onAnswer={unlock}
        />
      )
    case 'refused':
      return <RefusedUpload reason={value.reason} retry={load} />
    case 'gone':
      return <GonePage isOver={value.isOver} />
    case 'failed':
      return (
        <CentredCard icon="close" title={t.failedTitle} text={<ErrorMessage error={value.error} />} isBad>
          <button type="button" class="plain" onClick={() => void load()}>
            <Icon name="again" />
            {commonTexts.value.tryAgain}
          </button>
        </CentredCard>
      )
    case 'open':
      return <OpenUpload view={value.view} reload={reload} />
  }
}

function GonePage({ isOver }: { isOver: boolean }) {
  const t = uploadTexts.value
  return (
    <CentredCard icon="clock" title={isOver ? t.expired : t.goneTitle} text={isOver ? t.overText : t.goneText}>
      <a class="button plain" href={href('/')}>
        {commonTexts.value.sendSomething}
      </a>
    </CentredCard>
  )
}

const KeyGate = lazy(async () => (await import('./key-gate.tsx')).KeyGate)
const RefusedUpload = lazy(async () => (await import('./refused-upload.tsx')).RefusedUpload)
const EncryptionBadge = lazy(async () => (await import('./encryption-badge.tsx')).EncryptionBadge)
/** For the owner of the upload. */
const SharePanel = lazy(async () => (await import('./share-panel.tsx')).SharePanel)
const RequestsPanel = lazy(async () => (await import('../file-requests/requests-panel.tsx')).RequestsPanel)
const AddFiles = lazy(async () => (await import('./owner-tools.tsx')).AddFiles)
const OwnerTools = lazy(async () => (await import('./owner-tools.tsx')).OwnerTools)

interface OpenProps {
  view: View
  reload: () => Promise<void>
}

function OpenUpload({ view, reload }: OpenProps) {
  const t = uploadTexts.value
  const { upload, access, files } = view
  const isEmpty = files.length === 0
  const requests = mayAskGuests(upload) && <RequestsPanel upload={upload} access={access} isFirst={isEmpty} />
  return (
    <>
      {isEmpty && requests}
      {upload.admin && !(isEmpty && requests) && <SharePanel view={view} />}
      <section class="card received" aria-label={t.files}>
        <ReceivedHead view={view} />
        {view.comments !== '' && <Message text={view.comments} />}
        {isAwaited(view) && <p class="quiet">{t.waitingText}</p>}
        {upload.stream && files.some(({ isThere }) => isThere) && <p class="quiet">{t.streamText}</p>}
        <ReceivedFiles view={view} reload={reload} />
        {upload.admin && !upload.stream && canAdd(view) && <AddFiles view={view} />}
        {!upload.admin && view.secret !== undefined && (
          <details class="more">
            <summary>{t.curlAge}</summary>
            <Commands view={view} />
          </details>
        )}
      </section>
      {!isEmpty && requests}
      {upload.admin && <OwnerTools view={view} />}
    </>
  )
}

/** Guests can't send streams, and have no key to encrypt files with. */
const mayAskGuests = ({ admin, stream, e2ee }: UploadJson): boolean =>
  admin && !stream && !e2ee && serverConfig.value?.feature_requests !== 'disabled'

/** With a passphrase the page encrypts nothing, because encrypted names would make it easy to guess. */
const canAdd = ({ secret }: View): boolean => secret === undefined || isIdentity(secret)

/** Whether the visitor opened the link before any file is available. */
const isAwaited = ({ upload, files }: View): boolean =>
  upload.stream &&
  !upload.admin &&
  !files.some(({ isThere }) => isThere) &&
  files.some(({ file }) => file.status === 'missing')

function ReceivedHead({ view }: { view: View }) {
  const { upload } = view
  const files = view.files.filter(({ isThere }) => isThere)
  const size = files.reduce((sum, one) => sum + one.size, 0)
  const title = isAwaited(view) ? uploadTexts.value.waitingTitle : uploadTexts.value.filesTitle(files.length)
  const text = size > 0 ? `${title} · ${formatBytes(size)}` : title
  return (
    <div class="received-head">
      {upload.admin ? <h2>{text}</h2> : <PageTitle>{text}</PageTitle>}
      <Facts upload={upload} />
      {view.secret !== undefined && <EncryptionBadge view={view} />}
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
      <Countdown expiresAt={upload.expireAt} isStream={upload.stream} />
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
