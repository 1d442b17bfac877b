import { useSignal } from '@preact/signals'
import { Objection } from '../lib/error-text.ts'
import type { UserJson } from '../lib/session.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/text-field.tsx'
import { SelectField } from '../ui/toolbar.tsx'
import { createUser, replaceUser } from './accounts-api.ts'
import { readSize, readTime, writeSize, writeTime } from './limits.ts'
import { adminTexts } from './texts/admin.ts'

interface Props {
  /** Undefined: a new user. */
  user?: UserJson
  onSaved: (user: UserJson) => void
  onClose: () => void
}

/** Creates or edits a user, with role and limits. */
export function UserDialog({ user, onSaved, onClose }: Props) {
  const t = adminTexts.value
  const login = useSignal(user?.login ?? '')
  const provider = useSignal<'local' | 'oidc'>('local')
  const password = useSignal('')
  const name = useSignal(user?.name ?? '')
  const email = useSignal(user?.email ?? '')
  const role = useSignal<'user' | 'admin'>(user?.admin ? 'admin' : 'user')
  const total = useSignal(writeSize(user?.maxUserSize ?? 0))
  const file = useSignal(writeSize(user?.maxFileSize ?? 0))
  const ttl = useSignal(writeTime(user?.maxTTL ?? 0))
  const isLocal = (user?.provider ?? provider.value) === 'local'

  async function save(): Promise<void> {
    const changed = {
      name: name.value,
      email: email.value,
      admin: role.value === 'admin',
      maxUserSize: known(readSize(total.value), t.limitTotal),
      maxFileSize: known(readSize(file.value), t.limitFile),
      maxTTL: known(readTime(ttl.value), t.limitTtl),
      ...(password.value === '' ? {} : { password: password.value }),
    }
    const saved = await (user
      ? replaceUser({ ...user, ...changed })
      : createUser({ provider: provider.value, login: login.value, ...changed }))
    onSaved(saved)
    onClose()
  }

  return (
    <Dialog title={user ? t.editOf(name.value || user.id) : t.addUser} onClose={onClose} isWide>
      <ActionForm action={user ? t.save : t.create} onSubmit={save}>
        <div class="fields">
          {!user && (
            <>
              <TextField label={t.login} value={login} autoComplete="off" required hint={t.loginHint} />
              <SelectField
                label={t.provider}
                value={provider}
                options={[
                  ['local', t.providerLocal],
                  ['oidc', 'OpenID Connect'],
                ]}
              />
            </>
          )}
          {isLocal && (
            <TextField
              label={user ? t.newPassword : t.password}
              value={password}
              type="password"
              autoComplete="new-password"
              required={!user}
              hint={user ? t.newPasswordHint : t.passwordHint}
            />
          )}
          <TextField label={t.name} value={name} autoComplete="off" />
          <TextField label={t.email} value={email} type="email" autoComplete="off" />
          <SelectField
            label={t.role}
            value={role}
            options={[
              ['user', t.roleUser],
              ['admin', t.roleAdmin],
            ]}
          />
          <TextField label={t.limitTotal} value={total} hint={t.sizeHint} />
          <TextField label={t.limitFile} value={file} hint={t.sizeHint} />
          <TextField label={t.limitTtl} value={ttl} hint={t.timeHint} />
        </div>
      </ActionForm>
    </Dialog>
  )
}

/** Throws if the limit can't be parsed. */
function known(limit: number | undefined, label: string): number {
  if (limit === undefined) throw new Objection(adminTexts.value.unreadable(label))
  return limit
}
