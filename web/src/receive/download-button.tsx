import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { Icon } from '../ui/icon.tsx'
import { saveUrl } from './links.ts'
import { uploadTexts } from './texts/upload.ts'
import type { useFetching } from './use-fetching.ts'
import { isDirect, isLimited, type View, type ViewFile } from './view.ts'

interface Props {
  view: View
  one: ViewFile
  /** Loads the upload again. */
  reload: () => Promise<void>
  fetching: ReturnType<typeof useFetching>
  /** A large button with a label. */
  isMain?: boolean
}

/** A link if the browser can download the file itself; otherwise a button, which also cancels the running download. */
export function DownloadButton({ view, one, reload, fetching, isMain = false }: Props) {
  const t = uploadTexts.value
  const { file } = one
  const path = visibleName(one.path)
  const isRunning = fetching.progress.value !== undefined
  const words = isMain && (isRunning ? commonTexts.value.cancel : t.download)
  const look = isMain ? `large ${isRunning ? 'plain' : 'primary'}` : 'bare'

  async function begin(): Promise<void> {
    const isDone = await fetching.run(async (run) => (await import('./fetch-file.ts')).fetchFile(view, one, run))
    if (isDone && isLimited(view.upload)) await reload()
  }

  if (!isDirect(view, one.size))
    return (
      <button
        type="button"
        class={look}
        aria-label={isRunning ? t.cancelFetching(path) : t.downloadFile(path)}
        onClick={() => (isRunning ? fetching.cancel() : void begin())}
      >
        <Icon name={isRunning ? 'close' : 'download'} />
        {words}
      </button>
    )
  const ask = (event: MouseEvent) => {
    event.preventDefault()
    void begin()
  }
  return (
    <a class={`button ${look}`} href={saveUrl(view.upload, file)} aria-label={t.downloadFile(path)} onClick={ask}>
      <Icon name="download" />
      {words}
    </a>
  )
}
