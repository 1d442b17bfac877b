/** Folders are quieter than the name. */
export function FileName({ path }: { path: string }) {
  const slash = path.lastIndexOf('/') + 1
  return (
    <span class="file-name" title={path}>
      {slash > 0 && <span class="folders">{path.slice(0, slash)}</span>}
      {path.slice(slash)}
    </span>
  )
}
