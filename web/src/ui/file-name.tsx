import { visibleName } from '../lib/visible-name.ts'

/** Longer names may have to be shortened on a phone. */
const LONG = 50

/** Shows the folders of a file less prominently than its name. Long names are shortened in the middle, to keep the ending visible. */
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

/** The ending of a name and a few characters before it, with preceding spaces, which would be lost where the name is shortened. */
const END = /\s*.{4}(?:\.[^.\s]{1,10})?$/u
