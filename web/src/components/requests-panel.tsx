import type { Access, UploadJson } from '../api.ts'
import { formatBytes, formatNumber } from '../format.ts'
import { requestTexts } from '../i18n/requests.ts'
import { knownLink, rememberRequest } from '../requests/request-links.ts'
import { createRequest, listRequests, type RequestJson, revokeRequest } from '../requests/requests-api.ts'
import { ActionForm } from './action-form.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { CopyField } from './copy-field.tsx'
import { Dialog } from './dialog.tsx'
import { DialogButton } from './dialog-button.tsx'
import { Shown, useFetched } from './fetched.tsx'
import { Icon, type IconName } from './icon.tsx'
import { OpenFor } from './open-for.tsx'
import { RequestFields, requestOfDraft, useRequestDraft } from './request-fields.tsx'
import { Section } from './section.tsx'
import '../styles/lists.css'

interface Props {
  upload: UploadJson
  access: Access
}

/** Whom the owner has asked for files, and what came of it. */
export function RequestsPanel({ upload, access }: Props) {
  const t = requestTexts.value
  const requests = useFetched(upload.id, () => listRequests(upload.id, access))
  return (
    <Section
      title={t.panelTitle}
      text={t.panelText}
      level={2}
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
                  request={request}
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

function RequestRow({ request, onRevoke }: { request: RequestJson; onRevoke: () => Promise<void> }) {
  const t = requestTexts.value
  const { status } = request
  const name = request.title || t.untitled
  const link = status === 'open' ? knownLink(request.id) : undefined
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
    rememberRequest(await createRequest(upload.id, requestOfDraft(draft), access))
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
