import type { Access, UploadJson } from '../lib/api.ts'
import { formatBytes, formatNumber } from '../lib/format.ts'
import { linksOf } from '../receive/links.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { CopyField } from '../ui/copy-field.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { type Fetched, Shown, useFetched } from '../ui/fetched.tsx'
import { Icon, type IconName } from '../ui/icon.tsx'
import { PageTitle } from '../ui/page-title.tsx'
import { Section } from '../ui/section.tsx'
import { ShareLink } from '../ui/share-link.tsx'
import { OpenFor } from './open-for.tsx'
import { RequestFields, requestOfDraft, useRequestDraft } from './request-fields.tsx'
import { knownLink, rememberRequest } from './request-links.ts'
import { createRequest, listRequests, type RequestJson, revokeRequest } from './requests-api.ts'
import { requestTexts } from './texts/requests.ts'
import '../ui/styles/lists.css'

interface Props {
  upload: UploadJson
  access: Access
}

/** File requests of the upload, and the files that guests added. `isFirst`: there are no files yet, so nothing else is shown. */
export function RequestsPanel({ upload, access, isFirst }: Props & { isFirst: boolean }) {
  const requests = useFetched(upload.id, () => listRequests(upload.id, access))
  const ready = isFirst
    ? requests.value?.findLast(({ status, id }) => status === 'open' && knownLink(upload.id, id))
    : undefined
  return (
    <>
      {ready && <ReadyRequest upload={upload} request={ready} />}
      <Panel upload={upload} access={access} requests={requests} level={isFirst && !ready ? 1 : 2} shown={ready?.id} />
    </>
  )
}

/** Shows the request link instead of the link of the upload, which has no files yet. */
function ReadyRequest({ upload, request }: { upload: UploadJson; request: RequestJson }) {
  const t = requestTexts.value
  const { admin } = linksOf(upload)
  return (
    <section class="card share" aria-labelledby="request-title">
      <div class="share-head">
        <span class="mark good">
          <Icon name="check" size={24} />
        </span>
        <div>
          <PageTitle id="request-title">{t.readyTitle}</PageTitle>
          <p class="quiet">{t.readyText}</p>
        </div>
      </div>
      <ShareLink label={t.link} url={knownLink(upload.id, request.id) as string} text={request.title || t.guestTitle} />
      <p class="quiet">{t.linkOnce}</p>
      {admin && <CopyField label={t.ownLink} text={admin} />}
    </section>
  )
}

interface PanelProps extends Props {
  requests: Fetched<RequestJson[]>
  level: 1 | 2
  /** Id of the request whose link is shown elsewhere on the page. */
  shown: string | undefined
}

function Panel({ upload, access, requests, level, shown }: PanelProps) {
  const t = requestTexts.value
  return (
    <Section
      title={t.panelTitle}
      text={t.panelText}
      level={level}
      action={
        <DialogButton icon="plus" label={t.newRequest}>
          {(close) => <NewRequestDialog upload={upload} access={access} onCreated={requests.reload} onClose={close} />}
        </DialogButton>
      }
    >
      <Shown of={requests}>
        {(list) =>
          list.length > 0 && (
            <ul class="rows" aria-label={t.panelTitle}>
              {list.map((request) => (
                <RequestRow
                  key={request.id}
                  uploadId={upload.id}
                  request={request}
                  hasLink={request.id !== shown}
                  onRevoke={async () => {
                    await revokeRequest(upload.id, request.id, access)
                    await requests.reload()
                  }}
                />
              ))}
            </ul>
          )
        }
      </Shown>
    </Section>
  )
}

const STATUS_ICONS: Record<RequestJson['status'], IconName> = {
  open: 'upload',
  full: 'check',
  expired: 'clock',
  revoked: 'close',
}

interface RowProps {
  uploadId: string
  request: RequestJson
  hasLink: boolean
  onRevoke: () => Promise<void>
}

function RequestRow({ uploadId, request, hasLink, onRevoke }: RowProps) {
  const t = requestTexts.value
  const { status } = request
  const name = request.title || t.untitled
  const link = hasLink && status === 'open' ? knownLink(uploadId, request.id) : undefined
  return (
    <li class="row">
      <span class="file-icon">
        <Icon name={STATUS_ICONS[status]} />
      </span>
      <div class="row-main">
        <span class="row-title">{name}</span>
        <p class="facts quiet">
          <strong>{t[status]}</strong>
          <span>{arrivedText(request)}</span>
          {request.maxSize !== undefined && <span>{t.atMost(formatBytes(request.maxSize))}</span>}
          {status === 'open' && <OpenFor expiresAt={request.expireAt} />}
        </p>
      </div>
      <div class="row-actions">
        {(status === 'open' || status === 'full') && (
          <DialogButton icon="trash" label={t.revokeOf(name)} look="bare">
            {(close) => (
              <ConfirmDialog
                title={t.revokeOf(name)}
                text={t.revokeSure(name)}
                action={t.revoke}
                onConfirm={onRevoke}
                onClose={close}
              />
            )}
          </DialogButton>
        )}
      </div>
      {link && (
        <div class="row-more stack">
          <CopyField label={t.link} text={link} />
          <p class="quiet">{t.linkOnce}</p>
        </div>
      )}
    </li>
  )
}

function arrivedText({ filesAdded, bytesAdded, maxFiles }: RequestJson): string {
  const t = requestTexts.value
  const size = formatBytes(bytesAdded)
  return maxFiles === undefined
    ? t.arrived(filesAdded, size)
    : t.arrivedOf(formatNumber(filesAdded), formatNumber(maxFiles), size)
}

function NewRequestDialog({
  upload,
  access,
  onCreated,
  onClose,
}: Props & { onCreated: () => Promise<void>; onClose: () => void }) {
  const t = requestTexts.value
  const draft = useRequestDraft()

  async function create(): Promise<void> {
    rememberRequest(upload.id, await createRequest(upload.id, requestOfDraft(draft), access))
    await onCreated()
    onClose()
  }

  return (
    <Dialog title={t.newRequest} onClose={onClose} isWide>
      <ActionForm action={t.makeLink} onSubmit={create}>
        <RequestFields draft={draft} />
      </ActionForm>
    </Dialog>
  )
}
