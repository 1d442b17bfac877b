import { useSignal } from '@preact/signals'
import { MayflyError } from '../../../client/src/errors.ts'
import { pathOfName } from '../../../client/src/file-name.ts'
import { errorText } from '../lib/error-text.ts'
import { formatBytes } from '../lib/format.ts'
import { route } from '../lib/router.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { Message } from '../receive/message.tsx'
import { type ChosenFile, joined } from '../send/chosen-files.ts'
import { ChosenList } from '../send/chosen-list.tsx'
import { ChooseButton, HAS_MOUSE, useDropAndPaste } from '../send/drop-zone.tsx'
import { unfinished } from '../send/unfinished.ts'
import { UnfinishedUpload } from '../send/unfinished-uploads.tsx'
import { CentredCard } from '../ui/centred-card.tsx'
import { useFetched } from '../ui/fetched.tsx'
import { FileName } from '../ui/file-name.tsx'
import { Icon } from '../ui/icon.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageTitle } from '../ui/page-title.tsx'
import { type GuestFile, guestFilesOf } from './guest-files.ts'
import { GuestSending } from './guest-sending.tsx'
import { deleteGuestUpload, endGuestUpload, guestUploads, resumeAsGuest, sendAsGuest } from './guest-upload.ts'
import { OpenFor } from './open-for.tsx'
import { type GuestJson, inspectRequest } from './requests-api.ts'
import { requestTexts } from './texts/requests.ts'
import '../ui/styles/lists.css'
import { visibleName } from '../lib/visible-name.ts'

/** The page of a request link: guests can add files, but not see any. */
export function GuestPage() {
  const token = route.value.query.get('request') ?? ''
  return <Guest key={token} token={token} />
}

function Guest({ token }: { token: string }) {
  const request = useFetched(token, () => inspectRequest(token))
  const brought = guestFilesOf(token)
  const sent = guestUploads.value.find((one) => one.token === token)
  const left = unfinished.value.filter((one) => one.isGuest && one.token === token)

  if (sent) {
    return (
      <>
        <GuestSending
          key={sent.recordId}
          upload={sent}
          onEnd={() => void request.reload().then(() => endGuestUpload(sent))}
        />
        <Brought files={brought} />
      </>
    )
  }
  return (
    <>
      {request.error !== undefined && <Closed error={request.error} reload={request.reload} />}
      {request.error === undefined && request.value === undefined && (
        <p class="quiet waiting">{commonTexts.value.loading}</p>
      )}
      {left.map((upload) => (
        <UnfinishedUpload
          key={upload.uploadId}
          upload={upload}
          goOn={(matches) => resumeAsGuest(upload, matches)}
          giveUp={() => deleteGuestUpload(upload).then(request.reload)}
        />
      ))}
      {request.error === undefined && request.value && (
        <Invitation token={token} request={request.value} reload={request.reload} hasBegun={left.length > 0} />
      )}
      <Brought files={brought} />
    </>
  )
}

/** Explains why no files can be added. */
function Closed({ error, reload }: { error: unknown; reload: () => Promise<void> }) {
  const t = requestTexts.value
  const status = error instanceof MayflyError ? error.status : 0
  if (status === 403) return <CentredCard icon="close" title={t.revokedTitle} text={t.revokedText} />
  if (status === 404 || status === 400) return <CentredCard icon="clock" title={t.overTitle} text={t.overText} />
  return (
    <Notice tone="bad" title={t.failedTitle}>
      <p>{errorText(error)}</p>
      <button type="button" class="plain" onClick={() => void reload()}>
        {commonTexts.value.tryAgain}
      </button>
    </Notice>
  )
}

interface InvitationProps {
  token: string
  request: GuestJson
  reload: () => Promise<void>
  /** True if this guest has unfinished uploads. */
  hasBegun: boolean
}

function Invitation({ token, request, reload, hasBegun }: InvitationProps) {
  const t = requestTexts.value
  if (request.status === 'full') return <CentredCard icon="check" title={t.fullTitle} text={t.fullText} />
  if (request.filesLeft !== 0 && request.bytesLeft !== 0)
    return <Choosing request={request} onSend={(files) => void sendAsGuest(token, files)} />
  return (
    <CentredCard icon="clock" title={t.takenTitle} text={hasBegun ? t.takenByYou : t.takenText}>
      <button type="button" class="plain" onClick={() => void reload()}>
        {t.lookAgain}
      </button>
    </CentredCard>
  )
}

function Choosing({ request, onSend }: { request: GuestJson; onSend: (files: ChosenFile[]) => void }) {
  const t = requestTexts.value
  const files = useSignal<ChosenFile[]>([])
  const problem = useSignal<string | undefined>(undefined)
  const isOver = useDropAndPaste({ onFiles: add })

  function add(more: ChosenFile[]): void {
    const { taken, refused } = takeWhatFits(joined(files.value, more), request)
    files.value = taken
    problem.value = refused
  }

  return (
    <>
      <div class="hero">
        <PageTitle>{visibleName(request.title) || t.guestTitle}</PageTitle>
        <p class="quiet">{t.guestTake(limitsOf(request).join(', '))}</p>
      </div>
      <section class={`card compose ${isOver.value ? 'over' : ''}`}>
        {request.comments && <Message text={request.comments} />}
        {request.e2ee && <Notice icon="lock" title={t.encryptedOnly} />}
        <div class="drop">
          <span class="drop-mark">
            <Icon name="upload" size={28} />
          </span>
          <p class="drop-title">{HAS_MOUSE ? t.drop : t.tap}</p>
          <div class="buttons">
            <ChooseButton label={t.choose} onFiles={add} isPrimary={files.value.length === 0} />
            <ChooseButton label={t.chooseFolder} onFiles={add} isFolder />
          </div>
        </div>
        {problem.value && <Notice tone="bad" title={problem.value} />}
        {files.value.length > 0 && (
          <>
            <ChosenList
              files={files.value}
              onRemove={(key) => {
                files.value = files.value.filter((file) => file.key !== key)
                problem.value = undefined
              }}
            />
            <button type="button" class="primary large" onClick={() => onSend(files.value)}>
              <Icon name="upload" />
              {t.sendFiles(files.value.length)}
            </button>
          </>
        )}
        <p class="facts quiet">
          <OpenFor expiresAt={request.expireAt} />
          <span class="tag">
            <Icon name="shield" size={16} />
            {t.guestPrivacy}
          </span>
        </p>
      </section>
    </>
  )
}

/** Describes the limits: number of files, total size, size of each file. */
function limitsOf({ filesLeft, bytesLeft, maxFileSize }: GuestJson): string[] {
  const t = requestTexts.value
  return [
    filesLeft === undefined ? t.guestAnyFiles : t.guestFiles(filesLeft),
    ...(bytesLeft === undefined ? [] : [t.guestBytes(formatBytes(bytesLeft))]),
    ...(maxFileSize < 0 ? [] : [t.guestEach(formatBytes(maxFileSize))]),
  ]
}

/** Drops files that exceed the limits, and explains why. The server checks the limits again; this only avoids useless requests. */
function takeWhatFits(files: ChosenFile[], request: GuestJson): { taken: ChosenFile[]; refused: string | undefined } {
  const taken: ChosenFile[] = []
  let total = 0
  let refused: string | undefined
  for (const file of files) {
    const problem = problemWith(file, { files: taken.length, bytes: total }, request)
    refused ??= problem
    if (problem !== undefined) continue
    taken.push(file)
    total += file.bytes.size
  }
  return { taken, refused }
}

function problemWith(
  { path, bytes }: ChosenFile,
  before: { files: number; bytes: number },
  { filesLeft = Number.POSITIVE_INFINITY, bytesLeft = Number.POSITIVE_INFINITY, maxFileSize }: GuestJson,
): string | undefined {
  const t = requestTexts.value
  if (maxFileSize >= 0 && bytes.size > maxFileSize) return t.tooLarge(visibleName(path), formatBytes(maxFileSize))
  if (before.files >= filesLeft) return t.tooMany(filesLeft)
  return before.bytes + bytes.size > bytesLeft ? t.tooMuch(formatBytes(bytesLeft)) : undefined
}

function Brought({ files }: { files: GuestFile[] }) {
  const t = requestTexts.value
  if (files.length === 0) return null
  return (
    <section class="card" aria-labelledby="brought-title">
      <h2 id="brought-title">{t.brought}</h2>
      <p class="quiet" role="status">
        {t.thanks}
      </p>
      <ul class="files" aria-labelledby="brought-title">
        {files.map(({ name, size }, index) => (
          <li key={index} class="file done">
            <span class="file-icon">
              <Icon name="check" />
            </span>
            <FileName path={pathOfName(name)} />
            <span class="file-facts">{formatBytes(size)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
