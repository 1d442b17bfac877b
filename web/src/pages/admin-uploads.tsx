import { useSignal } from '@preact/signals'
import { listAllUploads, type Query } from '../accounts/accounts-api.ts'
import { AdminFrame } from '../components/admin-frame.tsx'
import { SelectField } from '../components/toolbar.tsx'
import { UploadsList } from '../components/uploads-list.tsx'
import { adminTexts } from '../i18n/admin.ts'
import { href, route } from '../router.ts'

const KINDS = ['all', 'oneShot', 'password', 'stream', 'removable', 'e2ee'] as const
type Kind = (typeof KINDS)[number]

/** Everybody's uploads, or those of the user whom the address names. */
export function AdminUploadsPage() {
  const t = adminTexts.value
  const kind = useSignal<Kind>('all')
  const user = route.value.query.get('user') ?? undefined
  const names: Record<Kind, string> = {
    all: t.kindAll,
    oneShot: t.kindOneShot,
    password: t.kindPassword,
    stream: t.kindStream,
    removable: t.kindRemovable,
    e2ee: t.kindEncrypted,
  }
  const filter: Query = { user, ...(kind.value === 'all' ? {} : { [kind.value]: 'true' }) }
  return (
    <AdminFrame>
      <section class="card" aria-labelledby="uploads-title">
        <div class="section-head">
          <h1 id="uploads-title">{user === undefined ? t.uploadsTitle : t.uploadsOf(user)}</h1>
          {user !== undefined && (
            <a class="button plain" href={href('/admin/uploads')}>
              {t.everybodys}
            </a>
          )}
        </div>
        <UploadsList
          fetchPage={listAllUploads}
          empty={<p>{t.noUploads}</p>}
          filter={filter}
          filters={<SelectField label={t.kind} value={kind} options={KINDS.map((id) => [id, names[id]])} />}
          withOwner
        />
      </section>
    </AdminFrame>
  )
}
