import { signal } from '@preact/signals'
import { useKept } from '../lib/places.ts'
import { href, route } from '../lib/router.ts'
import { Section } from '../ui/section.tsx'
import { SelectField } from '../ui/toolbar.tsx'
import { listAllUploads, type Query } from './accounts-api.ts'
import { AdminFrame } from './admin-frame.tsx'
import { adminTexts } from './texts/admin.ts'
import { UploadsList } from './uploads-list.tsx'

const KINDS = ['all', 'oneShot', 'password', 'stream', 'removable', 'e2ee'] as const
type Kind = (typeof KINDS)[number]

/** The uploads of all users, or of the user named in the address. */
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
