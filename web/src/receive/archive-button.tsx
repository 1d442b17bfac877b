import { formatBytes } from '../lib/format.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { Icon } from '../ui/icon.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import type { Fetching } from './fetch-file.ts'
import { archiveUrl } from './links.ts'
import { Refusal } from './refusal.tsx'
import { uploadTexts } from './texts/upload.ts'
import { useFetching } from './use-fetching.ts'
import { isAskedAgain, isDirect, isLimited, type View, type ViewFile } from './view.ts'

interface Props {
  view: View
  reload: () => Promise<void>
  /** Empty: all files. */
  selected: ViewFile[]
}

/** Downloads all or the selected files. While the page itself downloads them, the button cancels the download. */
export function ArchiveButton({ view, reload, selected }: Props) {
  const t = uploadTexts.value
  const { progress, problem, run, cancel } = useFetching()
  const wanted = selected.length > 0 ? selected : view.files.filter(({ isThere }) => isThere)
  const total = wanted.reduce((sum, { file }) => sum + file.fileSize, 0)

  async function fetchAll(fetching: Fetching): Promise<void> {
    const { fetchFiles } = await import('./fetch-file.ts')
    await fetchFiles(view, wanted, fetching)
  }

  async function begin(): Promise<void> {
    if ((await run(fetchAll)) && isLimited(view.upload)) await reload()
  }

  const { value } = progress
  return (
    <>
      {value && (
        <div class="total">
          <ProgressBar sent={value.read} total={value.total} label={t.fetchingAll} />
          <p class="quiet">{t.progressOf(formatBytes(value.read), formatBytes(value.total))}</p>
        </div>
      )}
      {problem.value && <Refusal view={view} files={wanted} error={problem.value.error} />}
      {isAskedAgain(view, total) && <p class="quiet">{t.askedAgain}</p>}
      {isDirect(view, total) ? (
        <a
          class="button primary large"
          href={archiveUrl(
            view.upload,
            selected.map(({ file }) => file.id),
          )}
          onClick={(event) => {
            event.preventDefault()
            void begin()
          }}
        >
          <Icon name="archive" />
          {labelOf(view, selected)}
        </a>
      ) : (
        <button
          type="button"
          class={`${value ? 'plain' : 'primary'} large`}
          onClick={() => (value ? cancel() : void begin())}
        >
          <Icon name={value ? 'close' : 'archive'} />
          {value ? commonTexts.value.cancel : labelOf(view, selected)}
        </button>
      )}
    </>
  )
}

function labelOf(view: View, selected: ViewFile[]): string {
  const t = uploadTexts.value
  const total = view.files.reduce((sum, { size, isThere }) => sum + (isThere ? size : 0), 0)
  if (selected.length === 0) return t.downloadAll(formatBytes(total))
  const isZip = view.secret === undefined || !isLimited(view.upload)
  return isZip ? t.downloadSelected(selected.length) : t.downloadSome(selected.length)
}
