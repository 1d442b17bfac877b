/** Prevents the browser from opening a file that is dropped outside a drop zone. */
export function refuseStrayFiles(): void {
  for (const name of ['dragover', 'drop'] as const) addEventListener(name, refuse)
}

/** Drop zones listen later, and accept the file again. */
function refuse(event: DragEvent): void {
  if (!event.dataTransfer?.types.includes('Files')) return
  event.preventDefault()
  event.dataTransfer.dropEffect = 'none'
}
