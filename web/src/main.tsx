import { render } from 'preact'
import { App, loadStart } from './app.tsx'
import { loadServerConfig, serverConfig } from './lib/api.ts'
import { errorText } from './lib/error-text.ts'
import { href } from './lib/router.ts'
import { loadMe } from './lib/session.ts'
import { refuseStrayFiles } from './lib/stray-files.ts'
import { commonTexts } from './lib/texts/common.ts'
import { Notice } from './ui/notice.tsx'

refuseStrayFiles()

/** Links that work without JavaScript have the id in the query, where the server sees it. With JavaScript this is not needed. */
const id = new URLSearchParams(location.search).get('id')
if (id) location.replace(`./${href('/', { id })}`)
else void start(document.getElementById('app') as HTMLElement)

async function start(root: HTMLElement): Promise<void> {
  try {
    await Promise.all([loadServerConfig(), loadStart()])
    if (serverConfig.value?.authentication) void loadMe()
    render(<App />, root)
    void import('./lib/places.ts')
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
