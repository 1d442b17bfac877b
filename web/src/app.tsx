import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import { serverConfig } from './api.ts'
import { TopBar } from './components/top-bar.tsx'
import { commonTexts } from './i18n/common.ts'
import { lazy } from './lazy.tsx'
import { SendPage } from './pages/send.tsx'
import { UploadPage } from './pages/upload.tsx'
import { route } from './router.ts'

/** What is where. A page that few people open is loaded when they do: `lazy(…)`, as `NotFoundPage` is. */
const PAGES: Record<string, ComponentType> = {
  '/': StartPage,
}

const FailedDownloadPage = lazy(async () => (await import('./pages/failed-download.tsx')).FailedDownloadPage)
const NotFoundPage = lazy(async () => (await import('./pages/not-found.tsx')).NotFoundPage)

export function App() {
  const t = commonTexts.value
  const Page = PAGES[route.value.path] ?? NotFoundPage
  useEffect(() => {
    document.title = 'Mayfly'
  }, [route.value.path])
  return (
    <div class="shell">
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        {t.skip}
      </button>
      <TopBar />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <Footer />
    </div>
  )
}

/** Plik's clients link to `/#/?id=…`, its server to `/#/?err=…`, and people who want to send come to `/`. */
function StartPage() {
  const { query } = route.value
  if (query.has('err')) return <FailedDownloadPage />
  const id = query.get('id')
  return id === null || id === '' ? <SendPage /> : <UploadPage key={id} id={id} />
}

function Footer() {
  const contact = serverConfig.value?.abuseContact
  return <footer>{contact ? <a href={`mailto:${contact}`}>{commonTexts.value.reportAbuse}</a> : null}</footer>
}
