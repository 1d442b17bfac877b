import { Commands } from './lazy-commands.ts'
import { problemText, TooLargeError } from './problems.ts'
import type { View, ViewFile } from './view.ts'

interface Props {
  view: View
  /** What could not be downloaded. */
  files: ViewFile[]
  error: unknown
}

/** Why something could not be fetched, and the command that can where this browser can't. */
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
