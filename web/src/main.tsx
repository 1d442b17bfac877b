import { render } from 'preact'
import { loadServerConfig, serverConfig } from './api.ts'
import { App, loadStart } from './app.tsx'
import { Notice } from './components/notice.tsx'
import { errorText } from './error-text.ts'
import { commonTexts } from './i18n/common.ts'
import { href } from './router.ts'
import { loadMe } from './session.ts'
import { refuseStrayFiles } from './stray-files.ts'

refuseStrayFiles()

/** Links that work without JavaScript have the id where the server sees it. With JavaScript it need not. */
const id = new URLSearchParams(location.search).get('id')
if (id) location.replace(`./${href('/', { id })}`)
else void start(document.getElementById('app') as HTMLElement)

async function start(root: HTMLElement): Promise<void> {
  try {
    await Promise.all([loadServerConfig(), loadStart()])
    if (serverConfig.value?.authentication) void loadMe()
    render(<App />, root)
    void import('./places.ts')
  } catch (error) {
    render(<StartFailed error={error} />, root)
  }
}

function StartFailed({ error }: { error: unknown }) {
  return (
    <main class="shell">
      <Notice tone="bad" title={errorText(error)}>
        <button type="button" onClick={() => location.reload()}>
          {commonTexts.value.tryAgain}
        </button>
      </Notice>
    </main>
  )
}
