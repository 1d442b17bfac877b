import { formatBytes } from '../format.ts'
import { commonTexts } from '../i18n/common.ts'
import { uploadTexts } from '../i18n/upload.ts'
import type { Fetching } from '../receiving/fetch-file.ts'
import { archiveUrl } from '../receiving/links.ts'
import { isDirect, isLimited, type View, type ViewFile } from '../receiving/view.ts'
import { Icon } from './icon.tsx'
import { ProgressBar } from './progress-bar.tsx'
import { Refusal } from './refusal.tsx'
import { useFetching } from './use-fetching.ts'

interface Props {
  view: View
  /** None: all. */
  selected: ViewFile[]
}

/** Everything, or what was selected. */
export function ArchiveButton({ view, selected }: Props) {
  const ids = selected.map(({ file }) => file.id)
  if (!isDirect(view)) return <FetchAllButton view={view} selected={selected} />
  return (
    <a class="button primary large" href={archiveUrl(view.upload, ids)} download>
      <Icon name="archive" />
      {labelOf(view, selected)}
    </a>
  )
}

/** What passes through the page takes as long as it is fetched, and so long the button ends it. */
function FetchAllButton({ view, selected }: Props) {
  const t = uploadTexts.value
  const { progress, problem, run, cancel } = useFetching()
  const files = selected.length > 0 ? selected : view.files.filter(({ isThere }) => isThere)

  async function fetchAll(fetching: Fetching): Promise<void> {
    const { fetchFiles } = await import('../receiving/fetch-file.ts')
    await fetchFiles(view, files, fetching)
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
      {problem.value && <Refusal view={view} files={files} error={problem.value.error} />}
      <button
        type="button"
        class={`${value ? 'plain' : 'primary'} large`}
        onClick={() => (value ? cancel() : void run(fetchAll))}
      >
        <Icon name={value ? 'close' : 'archive'} />
        {value ? commonTexts.value.cancel : labelOf(view, selected)}
      </button>
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
