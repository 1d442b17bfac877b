/** A file that is dropped where no place for it is must not make the browser leave the page to show it. */
export function refuseStrayFiles(): void {
  for (const name of ['dragover', 'drop'] as const) addEventListener(name, refuse)
}

/** Whoever takes files says so after this: they listen later. */
function refuse(event: DragEvent): void {
  if (!event.dataTransfer?.types.includes('Files')) return
  event.preventDefault()
  event.dataTransfer.dropEffect = 'none'
}
