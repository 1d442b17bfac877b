import { useSignal } from '@preact/signals'
import { LoginCard } from '../accounts/login.tsx'
import { createUpload, type ServerConfig } from '../lib/api.ts'
import { formatDuration } from '../lib/format.ts'
import { ttlChoices } from '../lib/limits.ts'
import { navigate } from '../lib/router.ts'
import { me, myConfig } from '../lib/session.ts'
import { listTexts } from '../lib/texts/lists.ts'
import { keepRecent } from '../send/recent.ts'
import { rememberToken } from '../send/tokens.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { PageTitle } from '../ui/page-title.tsx'
import { SelectField } from '../ui/toolbar.tsx'
import { RequestFields, requestOfDraft, useRequestDraft } from './request-fields.tsx'
import { rememberRequest } from './request-links.ts'
import { createRequest } from './requests-api.ts'
import { requestTexts } from './texts/requests.ts'
import '../ui/styles/lists.css'

/** Creates an upload without files, and a request link for it. */
export function AskPage() {
  const config = myConfig.value
  if (!config) return null
  if (config.noAnonymousUploads && me.value === null) return <LoginCard />
  return <Ask key={config.defaultTTL} config={config} />
}

function Ask({ config }: { config: ServerConfig }) {
  const t = requestTexts.value
  const draft = useRequestDraft()
  const keepFor = useSignal(String(config.defaultTTL))

  async function ask(): Promise<void> {
    const request = requestOfDraft(draft)
    const { id, uploadToken = '', expireAt } = await createUpload({ files: [], ttl: Number(keepFor.value) })
    rememberToken(id, uploadToken)
    const title = request.title || t.untitled
    if (!me.value) keepRecent({ uploadId: id, token: uploadToken, title, files: 0, expiresAt: expireAt })
    rememberRequest(id, await createRequest(id, request, { token: uploadToken }))
    navigate('/', { id })
  }

  return (
    <>
      <div class="hero">
        <PageTitle>{t.askTitle}</PageTitle>
        <p class="quiet">{t.askLead}</p>
      </div>
      <section class="card">
        <ActionForm action={t.makeLink} onSubmit={ask}>
          <RequestFields draft={draft} />
          {config.feature_set_ttl !== 'disabled' && (
            <SelectField
              label={t.keepFor}
              value={keepFor}
              options={ttlChoices(config).map((seconds) => [
                String(seconds),
                seconds > 0 ? formatDuration(seconds) : listTexts.value.never,
              ])}
            />
          )}
        </ActionForm>
      </section>
    </>
  )
}
