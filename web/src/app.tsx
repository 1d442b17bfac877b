import type { ComponentType } from 'preact'
import { serverConfig } from './lib/api.ts'
import { impersonated } from './lib/impersonation.ts'
import { navigate, route } from './lib/router.ts'
import { lookAs, me, nameOf } from './lib/session.ts'
import { commonTexts } from './lib/texts/common.ts'
import { askEarly } from './receive/asked.ts'
import { takeToken } from './send/tokens.ts'
import { TopBar } from './top-bar.tsx'
import { lazy } from './ui/lazy.tsx'

/** The page of each path; each is loaded when it is opened. */
const PAGES: Record<string, ComponentType> = {
  '/': StartPage,
  '/login': lazy(async () => (await import('./accounts/login.tsx')).LoginPage),
  '/account': lazy(async () => (await import('./accounts/account-uploads.tsx')).AccountUploadsPage),
  '/account/tokens': lazy(async () => (await import('./accounts/account-tokens.tsx')).AccountTokensPage),
  '/account/settings': lazy(async () => (await import('./accounts/account-settings.tsx')).AccountSettingsPage),
  '/admin': lazy(async () => (await import('./activity/admin-overview.tsx')).AdminOverviewPage),
  '/admin/uploads': lazy(async () => (await import('./accounts/admin-uploads.tsx')).AdminUploadsPage),
  '/admin/users': lazy(async () => (await import('./accounts/admin-users.tsx')).AdminUsersPage),
  '/admin/jobs': lazy(async () => (await import('./jobs/admin-jobs.tsx')).AdminJobsPage),
  '/admin/jobs/edit': lazy(async () => (await import('./jobs/admin-job.tsx')).AdminJobPage),
  '/admin/jobs/history': lazy(async () => (await import('./jobs/admin-history.tsx')).AdminHistoryPage),
  '/admin/jobs/schedules': lazy(async () => (await import('./jobs/admin-schedules.tsx')).AdminSchedulesPage),
  '/admin/jobs/operators': lazy(async () => (await import('./jobs/admin-operators.tsx')).AdminOperatorsPage),
  '/ask': lazy(async () => (await import('./file-requests/ask-page.tsx')).AskPage),
  '/cli-auth': lazy(async () => (await import('./accounts/cli-auth.tsx')).CliAuthPage),
}

const SendPage = lazy(async () => (await import('./send/send-page.tsx')).SendPage)
const UploadPage = lazy(async () => (await import('./receive/upload-page.tsx')).UploadPage)
const FailedDownloadPage = lazy(async () => (await import('./receive/failed-download.tsx')).FailedDownloadPage)
const NotFoundPage = lazy(async () => (await import('./ui/not-found.tsx')).NotFoundPage)
const GuestPage = lazy(async () => (await import('./file-requests/guest-page.tsx')).GuestPage)
const LoginCard = lazy(async () => (await import('./accounts/login.tsx')).LoginCard)

/** Loads what the address leads to, and its data with it, while the server is asked for its settings. */
export async function loadStart(): Promise<void> {
  const { path, query } = route.value
  if (path !== '/') return
  const id = query.get('id')
  if (id === null) return (query.has('request') ? GuestPage : SendPage).load()
  askEarly(id, takeToken(id))
  if (query.has('key')) void import('./receive/sealed-view.ts')
  await UploadPage.load()
}

export function App() {
  const t = commonTexts.value
  const Page = PAGES[route.value.path] ?? NotFoundPage
  return (
    <div class="shell">
      <button type="button" class="plain skip" onClick={() => document.getElementById('main')?.focus()}>
        {t.skip}
      </button>
      <div class="above">
        <TopBar />
        <Impersonation />
      </div>
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <Footer />
    </div>
  )
}

/**
 * The route `/`: Plik's clients link to `/#/?id=…`, its server to `/#/?err=…`, file requests to `/#/?request=…`; without a query
 * it is the send page.
 */
function StartPage() {
  const { query } = route.value
  if (query.has('err')) return <FailedDownloadPage />
  if (query.has('request')) return <GuestPage />
  const id = query.get('id')
  if (id !== null) return <UploadPage key={id} id={id} />
  return serverConfig.value?.noAnonymousUploads && me.value === null ? <LoginCard /> : <SendPage />
}

/** Shows administrators permanently that they are viewing the page as another user. */
function Impersonation() {
  const t = commonTexts.value
  if (impersonated.value === undefined) return null
  return (
    <div class="impersonation" role="status">
      <span>{t.lookingAs(me.value ? nameOf(me.value) : impersonated.value)}</span>
      <button type="button" class="plain" onClick={() => void lookAs(undefined).then(() => navigate('/admin/users'))}>
        {t.backToSelf}
      </button>
    </div>
  )
}

function Footer() {
  const contact = serverConfig.value?.abuseContact
  return <footer>{contact ? <a href={`mailto:${contact}`}>{commonTexts.value.reportAbuse}</a> : null}</footer>
}
