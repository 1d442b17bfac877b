import { useSignal } from '@preact/signals'
import { commonTexts } from '../lib/texts/common.ts'
import { Icon } from './icon.tsx'

const SHOWN_MS = 2_000

interface Props {
  text: string
  label?: string
  isPrimary?: boolean
  /** Shows only an icon; screen readers still announce the label. */
  isBare?: boolean
}

/** Copies a text and confirms it. */
export function CopyButton({ text, label, isPrimary = false, isBare = false }: Props) {
  const state = useSignal<'idle' | 'copied' | 'failed'>('idle')
  const t = commonTexts.value
  const words = { idle: label ?? t.copy, copied: t.copied, failed: t.copyFailed }

  async function copy(): Promise<void> {
    state.value = await copyText(text)
    setTimeout(() => {
      state.value = 'idle'
    }, SHOWN_MS)
  }

  return (
    <button
      type="button"
      class={isBare ? 'bare' : isPrimary ? 'primary' : 'plain'}
      title={isBare ? words[state.value] : undefined}
      onClick={() => void copy()}
    >
      <Icon name={state.value === 'copied' ? 'check' : 'copy'} />
      <span class={isBare ? 'heard' : ''} aria-live="polite">
        {words[state.value]}
      </span>
    </button>
  )
}

/** The clipboard API needs HTTPS; otherwise the text is copied through a selection. */
async function copyText(text: string): Promise<'copied' | 'failed'> {
  try {
    await navigator.clipboard.writeText(text)
    return 'copied'
  } catch {
    return copyBySelection(text)
  }
}

function copyBySelection(text: string): 'copied' | 'failed' {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'unseen'
  document.body.append(field)
  field.select()
  const isCopied = document.execCommand('copy')
  field.remove()
  return isCopied ? 'copied' : 'failed'
}
