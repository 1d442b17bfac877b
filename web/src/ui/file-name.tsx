import { visibleName } from '../lib/visible-name.ts'

/** Longer ones may have to be cut on a phone. */
const LONG = 50

/** Folders are quieter than the name. Of a long name the middle goes first: how it ends says what it is. */
export function FileName({ path }: { path: string }) {
  const shown = visibleName(path)
  const slash = shown.lastIndexOf('/') + 1
  const [folders, name] = [shown.slice(0, slash), shown.slice(slash)]
  const [end] = name.length > LONG ? (END.exec(name) ?? ['']) : ['']
  return (
    <span class="file-name" title={shown} dir="auto">
      <span class="file-start">
        {folders && <span class="folders">{folders}</span>}
        {end === '' ? name : name.slice(0, -end.length)}
      </span>
      {end && <span class="file-end">{end}</span>}
    </span>
  )
}

/** What a name ends with, and a few characters before it; blanks, which would be lost where it is cut, belong to it. */
const END = /\s*.{4}(?:\.[^.\s]{1,10})?$/u
