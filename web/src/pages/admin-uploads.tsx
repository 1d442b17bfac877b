import { signal } from '@preact/signals'
import { listAllUploads, type Query } from '../accounts/accounts-api.ts'
import { AdminFrame } from '../components/admin-frame.tsx'
import { Section } from '../components/section.tsx'
import { SelectField } from '../components/toolbar.tsx'
import { UploadsList } from '../components/uploads-list.tsx'
import { adminTexts } from '../i18n/admin.ts'
import { useKept } from '../places.ts'
import { href, route } from '../router.ts'

const KINDS = ['all', 'oneShot', 'password', 'stream', 'removable', 'e2ee'] as const
type Kind = (typeof KINDS)[number]

/** Everybody's uploads, or those of the user whom the address names. */
export function AdminUploadsPage() {
  const t = adminTexts.value
  const kind = useKept('kind', () => signal<Kind>('all'))
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
      <Section
        title={user === undefined ? t.uploadsTitle : t.uploadsOf(user)}
        action={
          user !== undefined && (
            <a class="button plain" href={href('/admin/uploads')}>
              {t.everybodys}
            </a>
          )
        }
      >
        <UploadsList
          fetchPage={listAllUploads}
          empty={<p>{t.noUploads}</p>}
          filter={filter}
          filters={<SelectField label={t.kind} value={kind} options={KINDS.map((id) => [id, names[id]])} />}
          withOwner
        />
      </Section>
    </AdminFrame>
  )
}
