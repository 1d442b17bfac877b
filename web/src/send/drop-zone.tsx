import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Icon } from '../ui/icon.tsx'
import { type ChosenFile, chosen, droppedFiles, pastedFiles } from './chosen-files.ts'

interface Props {
  onFiles: (files: ChosenFile[]) => void
}

/** Without a mouse, nothing can be dropped. */
export const HAS_MOUSE = matchMedia('(any-hover: hover)').matches

/** Accepts files dropped anywhere in the window, or pasted. `onText`: called with text pasted outside of fields. */
export function useDropAndPaste({ onFiles, onText }: Props & { onText?: (text: string) => void }) {
  const isOver = useSignal(false)
  // Not `useEffect`, which waits for a frame: a busy browser would lose what is pasted right after the page appears.
  useLayoutEffect(() => {
    const listeners = new AbortController()
    const on = <Name extends keyof WindowEventMap>(name: Name, handle: (event: WindowEventMap[Name]) => void) =>
      addEventListener(name, handle, { signal: listeners.signal })

    on('dragover', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      event.dataTransfer.dropEffect = 'copy'
      isOver.value = true
    })
    on('dragleave', (event) => {
      if (event.relatedTarget === null) isOver.value = false
    })
    on('drop', (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return
      event.preventDefault()
      isOver.value = false
      void droppedFiles(event.dataTransfer).then(onFiles)
    })
    on('paste', (event) => {
      if (isField(event.target) || !event.clipboardData) return
      const files = pastedFiles(event.clipboardData, new Date())
      if (files.length > 0) return onFiles(files)
      const text = event.clipboardData.getData('text/plain')
      if (text !== '') onText?.(text)
    })
    return () => listeners.abort()
  }, [])
  return isOver
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.matches('input, textarea, select') || target.isContentEditable)

/** A button that opens the browser's file or folder picker. */
export function ChooseButton({
  label,
  onFiles,
  isFolder = false,
  isPrimary = false,
}: Props & { label: string; isFolder?: boolean; isPrimary?: boolean }) {
  const field = useRef<HTMLInputElement>(null)
  const folder = isFolder ? { webkitdirectory: true } : {}
  return (
    <>
      <button type="button" class={isPrimary ? 'primary' : 'plain'} onClick={() => field.current?.click()}>
        <Icon name={isFolder ? 'folder' : 'plus'} />
        {label}
      </button>
      <input
        ref={field}
        type="file"
        multiple
        hidden
        aria-label={label}
        {...folder}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])].map((file) => chosen(file)))
          currentTarget.value = '' // so that the same file can be chosen again
        }}
      />
    </>
  )
}
