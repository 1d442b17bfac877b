import { useSignal } from '@preact/signals'
import { createUpload, type ServerConfig } from '../api.ts'
import { ActionForm } from '../components/action-form.tsx'
import { PageTitle } from '../components/page-title.tsx'
import { RequestFields, requestOfDraft, useRequestDraft } from '../components/request-fields.tsx'
import { SelectField } from '../components/toolbar.tsx'
import { formatDuration } from '../format.ts'
import { listTexts } from '../i18n/lists.ts'
import { requestTexts } from '../i18n/requests.ts'
import { keepRecent } from '../recent.ts'
import { rememberRequest } from '../requests/request-links.ts'
import { createRequest } from '../requests/requests-api.ts'
import { navigate } from '../router.ts'
import { ttlChoices } from '../sending/limits.ts'
import { me, myConfig } from '../session.ts'
import { rememberToken } from '../tokens.ts'
import { LoginCard } from './login.tsx'
import '../styles/lists.css'

/** An upload that begins empty, for others to fill. */
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
