import { signal } from '@preact/signals'
import { formatBytes, formatDate, formatDuration } from '../lib/format.ts'
import type { Paged, PageOf } from '../lib/paged.ts'
import { useKept } from '../lib/places.ts'
import { href, navigate } from '../lib/router.ts'
import { lookAs, me, nameOf, type UserJson } from '../lib/session.ts'
import { listTexts } from '../lib/texts/lists.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import { PagedList, usePaged } from '../ui/paged-list.tsx'
import { Section } from '../ui/section.tsx'
import { SearchField, SelectField } from '../ui/toolbar.tsx'
import { useAction } from '../ui/use-action.ts'
import { deleteUser, listUsers, searchUsers } from './accounts-api.ts'
import { AdminFrame } from './admin-frame.tsx'
import { adminTexts } from './texts/admin.ts'
import { UserDialog } from './user-dialog.tsx'

export function AdminUsersPage() {
  return (
    <AdminFrame>
      <Users />
    </AdminFrame>
  )
}

const SORTS = ['date-desc', 'date-asc', 'size-desc'] as const
const MIN_SEARCH = 2

function Users() {
  const t = adminTexts.value
  const lists = listTexts.value
  const search = useKept('search', () => signal(''))
  const sort = useKept('sort', () => signal<(typeof SORTS)[number]>('date-desc'))
  const list = usePaged(`${search.value} ${sort.value}`, (after) => fetchUsers(search.value, sort.value, after))
  const sortNames = { 'date-desc': lists.newest, 'date-asc': lists.oldest, 'size-desc': t.bySize }
  return (
    <Section
      title={t.usersTitle}
      action={
        <DialogButton icon="plus" label={t.addUser} look="primary">
          {(close) => <UserDialog onSaved={() => void list.reload()} onClose={close} />}
        </DialogButton>
      }
    >
      <div class="toolbar">
        <SearchField label={lists.search} value={search} />
        <SelectField label={lists.sort} value={sort} options={SORTS.map((id) => [id, sortNames[id]])} />
      </div>
      <PagedList
        label={t.usersTitle}
        list={list}
        empty={<p>{t.noUsers}</p>}
        row={(user) => <UserRow key={user.id} user={user} list={list} />}
      />
    </Section>
  )
}

/** The server ignores shorter search texts, and returns all matches in one page. */
async function fetchUsers(text: string, chosen: string, after: string | undefined): Promise<PageOf<UserJson>> {
  if (text.length >= MIN_SEARCH) {
    const results = await searchUsers(text)
    return { results, after: null, total: results.length }
  }
  const [sort, order] = chosen.split('-')
  return listUsers({ sort, order, after })
}

function UserRow({ user, list }: { user: UserJson; list: Paged<UserJson> }) {
  const t = adminTexts.value
  const name = nameOf(user)
  const { act, problem } = useAction()
  const isSelf = me.value?.id === user.id
  async function look(): Promise<void> {
    await lookAs(user.id)
    navigate('/account')
  }

  function saved(changed: UserJson): void {
    list.replace(user, changed)
    if (isSelf) me.value = changed
  }
  return (
    <li class="row">
      <span class="file-icon">
        <Icon name={user.admin ? 'shield' : 'person'} />
      </span>
      <div class="row-main">
        <a class="row-title" href={href('/admin/uploads', { user: user.id })}>
          {name}
        </a>
        <p class="facts quiet">
          <span>{user.id}</span>
          {user.email && <span>{user.email}</span>}
          <span>{t.since(formatDate(Date.parse(user.createdAt)))}</span>
          <Limits user={user} />
        </p>
        {problem.value && (
          <p class="file-note bad" role="alert">
            {problem.value}
          </p>
        )}
      </div>
      <div class="row-actions">
        {!isSelf && <IconButton icon="eye" label={t.lookAs(name)} onClick={() => void act(look)} />}
        <DialogButton icon="options" label={t.editOf(name)} look="bare">
          {(close) => <UserDialog user={user} onSaved={saved} onClose={close} />}
        </DialogButton>
        {!isSelf && (
          <DialogButton icon="trash" label={t.deleteOf(name)} look="bare">
            {(close) => (
              <ConfirmDialog
                title={t.deleteOf(name)}
                text={t.deleteSure(name)}
                onConfirm={() => deleteUser(user.id).then(() => list.drop(user))}
                onClose={close}
              />
            )}
          </DialogButton>
        )}
      </div>
    </li>
  )
}

/** The user's own limits only; 0 means the server's default. */
function Limits({ user }: { user: UserJson }) {
  const t = adminTexts.value
  const limits: [number, string, (value: number) => string][] = [
    [user.maxUserSize, t.limitTotal, formatBytes],
    [user.maxFileSize, t.limitFile, formatBytes],
    [user.maxTTL, t.limitTtl, formatDuration],
  ]
  return (
    <>
      {limits.map(([value, name, format]) =>
        value === 0 ? null : <span key={name}>{`${name}: ${value < 0 ? t.unlimited : format(value)}`}</span>,
      )}
    </>
  )
}
