import { Commands } from './lazy-commands.ts'
import { problemText, TooLargeError } from './problems.ts'
import type { View, ViewFile } from './view.ts'

interface Props {
  view: View
  /** Files that could not be downloaded. */
  files: ViewFile[]
  error: unknown
}

/** The error of a download, with the terminal command if this browser can't do it. */
export function Refusal({ view, files, error }: Props) {
  return (
    <div class="file-note stack">
      <p class="bad" role="alert">
        {problemText(error)}
      </p>
      {error instanceof TooLargeError && <Commands view={{ ...view, files }} />}
    </div>
  )
}
