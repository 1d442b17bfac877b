import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { MayflyError } from '../../../client/src/errors.ts'
import { serverConfig } from '../lib/api.ts'
import { Objection } from '../lib/error-text.ts'
import { navigate } from '../lib/router.ts'
import { addressOfProvider, logIn, me } from '../lib/session.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { CentredCard } from '../ui/centred-card.tsx'
import { TextField } from '../ui/text-field.tsx'
import { accountTexts } from './texts/account.ts'
import '../ui/styles/lists.css'

export function LoginPage() {
  useEffect(() => {
    if (me.value) navigate(me.value.admin ? '/admin' : '/account')
  }, [me.value])
  return <LoginCard />
}

/** Shown in place of a page that needs a login. */
export function LoginCard() {
  const t = accountTexts.value
  const config = serverConfig.value
  return (
    <CentredCard icon="person" title={t.loginTitle} text={config?.noAnonymousUploads ? t.loginForced : t.loginText}>
      {config?.feature_local_login !== 'disabled' && <LocalLogin />}
      {config?.oidcAuthentication && <ProviderLogin name={config.oidcProviderName} />}
    </CentredCard>
  )
}

function LocalLogin() {
  const t = accountTexts.value
  const login = useSignal('')
  const password = useSignal('')

  async function submit(): Promise<void> {
    try {
      await logIn(login.value, password.value)
    } catch (error) {
      const isRefused = error instanceof MayflyError && error.status === 403
      throw isRefused ? new Objection(t.loginRefused) : error
    }
  }

  return (
    <ActionForm action={t.login} onSubmit={submit}>
      <TextField label={t.loginName} value={login} autoComplete="username" required />
      <TextField label={t.password} value={password} type="password" autoComplete="current-password" required />
    </ActionForm>
  )
}

/** Sends the browser to the provider, which redirects back to this page after the login. */
function ProviderLogin({ name }: { name: string }) {
  const goThere = async () => location.assign(await addressOfProvider())
  return (
    <ActionForm action={accountTexts.value.loginAt(name)} onSubmit={goThere}>
      {null}
    </ActionForm>
  )
}
