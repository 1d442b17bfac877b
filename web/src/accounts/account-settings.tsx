import { computed, useSignal } from '@preact/signals'
import { serverConfig } from '../lib/api.ts'
import { chooseLanguage, LANGUAGES, type Language, language } from '../lib/language.ts'
import { navigate } from '../lib/router.ts'
import { logOut, me, nameOf, type UserJson } from '../lib/session.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { chooseTheme, THEMES, type Theme, theme } from '../lib/theme.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { Icon } from '../ui/icon.tsx'
import { Notice } from '../ui/notice.tsx'
import { Section } from '../ui/section.tsx'
import { TextField } from '../ui/text-field.tsx'
import { useAction } from '../ui/use-action.ts'
import { AccountFrame } from './account-frame.tsx'
import { changeProfile, deleteMyself, replaceUser } from './accounts-api.ts'
import { accountTexts } from './texts/account.ts'

export function AccountSettingsPage() {
  return (
    <AccountFrame>
      {(user) => (
        <>
          <Preferences user={user} />
          <Profile key={user.id} user={user} />
          <Leaving />
        </>
      )}
    </AccountFrame>
  )
}

const themeNames = computed((): Record<Theme, string> => {
  const t = commonTexts.value
  return { auto: t.themeAuto, light: t.themeLight, dark: t.themeDark }
})

/** Saved choices apply here at once, and on other devices from the next login. */
function Preferences({ user }: { user: UserJson }) {
  const t = accountTexts.value
  const { act, problem } = useAction()

  const keep = (changes: { language?: string; theme?: string }): Promise<void> =>
    act(async () => {
      me.value = await changeProfile(changes)
    })

  return (
    <Section title={t.hello(nameOf(user))} text={t.preferencesText}>
      <div class="fields">
        <label class="field">
          <span>{commonTexts.value.language}</span>
          <select
            value={language.value}
            onChange={({ currentTarget }) => {
              chooseLanguage(currentTarget.value as Language)
              void keep({ language: currentTarget.value })
            }}
          >
            {Object.entries(LANGUAGES).map(([code, name]) => (
              <option key={code} value={code} lang={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>{commonTexts.value.theme}</span>
          <select
            value={theme.value}
            onChange={({ currentTarget }) => {
              chooseTheme(currentTarget.value)
              void keep({ theme: currentTarget.value })
            }}
          >
            {THEMES.map((id) => (
              <option key={id} value={id}>
                {themeNames.value[id]}
              </option>
            ))}
          </select>
        </label>
      </div>
      {problem.value && <Notice tone="bad" title={problem.value} />}
    </Section>
  )
}

function Profile({ user }: { user: UserJson }) {
  const t = accountTexts.value
  const name = useSignal(user.name ?? '')
  const email = useSignal(user.email ?? '')
  const password = useSignal('')
  const isSaved = useSignal(false)

  async function save(): Promise<void> {
    isSaved.value = false
    const changed = { ...user, name: name.value, email: email.value }
    me.value = await replaceUser(password.value === '' ? changed : { ...changed, password: password.value })
    password.value = ''
    isSaved.value = true
  }

  return (
    <Section title={t.profileTitle} level={2}>
      <ActionForm action={t.save} onSubmit={save}>
        <div class="fields">
          <TextField label={t.name} value={name} autoComplete="name" />
          <TextField label={t.email} value={email} type="email" autoComplete="email" />
          {user.provider === 'local' && (
            <TextField
              label={t.newPassword}
              value={password}
              type="password"
              autoComplete="new-password"
              hint={t.newPasswordHint}
            />
          )}
        </div>
        {isSaved.value && <Notice icon="check" title={t.saved} />}
      </ActionForm>
    </Section>
  )
}

function Leaving() {
  const t = accountTexts.value
  const { act, problem } = useAction()

  async function leave(): Promise<void> {
    await logOut()
    navigate('/')
  }

  return (
    <div class="after">
      <button type="button" class="plain" onClick={() => void act(leave)}>
        <Icon name="leave" />
        {t.logout}
      </button>
      {serverConfig.value?.feature_delete_account !== 'disabled' && (
        <DialogButton icon="trash" label={t.deleteAccount} look="plain danger">
          {(close) => (
            <ConfirmDialog
              title={t.deleteAccount}
              text={t.deleteAccountSure}
              onConfirm={() => deleteMyself().then(leave)}
              onClose={close}
            />
          )}
        </DialogButton>
      )}
      {problem.value && <Notice tone="bad" title={problem.value} />}
    </div>
  )
}
