import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { errorText } from '../error-text.ts'
import { KIND_ICONS, kindOf } from '../file-kind.ts'
import { formatBytes, formatDuration, formatPercent, formatSpeed } from '../format.ts'
import { commonTexts } from '../i18n/common.ts'
import { sendTexts } from '../i18n/send.ts'
import type { Sender } from '../sending/sender.ts'
import { secondsLeft, speedOf } from '../sending/speed.ts'
import { type QueuedFile, type QueueEvent, type Total, totalOf } from '../sending/upload-queue.ts'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'
import { PageTitle } from './page-title.tsx'
import { ProgressBar } from './progress-bar.tsx'

interface Props {
  sender: Sender
  onCancel: () => void
  /** Above everything but the title. */
  head?: ComponentChildren
  /** More buttons. */
  buttons?: ComponentChildren
  /** Below the line of a file. */
  below?: (file: QueuedFile) => ComponentChildren
  /** Below all of them. */
  foot?: ComponentChildren
}

/** Files on their way: all together, and each. */
export function SendingCard({ sender, onCancel, head, buttons, below, foot }: Props) {
  const { dispatch } = sender
  const files = sender.files.value
  const total = totalOf(files)
  const id = useId()
  return (
    <section class="card sending" aria-labelledby={id}>
      <PageTitle id={id}>{titleOf(total, files.length)}</PageTitle>
      {head}
      <TotalProgress sender={sender} total={total} />
      <div class="buttons start">
        <PauseButton total={total} dispatch={dispatch} />
        <button type="button" class="plain" onClick={onCancel}>
          <Icon name="close" />
          {sendTexts.value.cancelAll}
        </button>
        {buttons}
      </div>
      <ul class="files">
        {files.map((file) => (
          <SendingFile key={file.key} file={file} dispatch={dispatch}>
            {below?.(file)}
          </SendingFile>
        ))}
      </ul>
      {foot}
      <p class="quiet">{sendTexts.value.keepOpen}</p>
    </section>
  )
}

function titleOf({ state }: Total, count: number): string {
  const t = sendTexts.value
  const titles = {
    sending: t.sendingTitle(count),
    stalled: t.stalledTitle,
    paused: t.pausedTitle,
    failed: t.failedTitle,
    done: t.doneTitle,
  }
  return titles[state]
}

function TotalProgress({ sender, total }: { sender: Sender; total: Total }) {
  const t = sendTexts.value
  const samples = sender.samples.value
  const speed = total.state === 'sending' ? speedOf(samples) : undefined
  const seconds = total.state === 'sending' ? secondsLeft(samples, total.size) : undefined
  return (
    <div class="total">
      <div class="total-figures">
        <strong>{formatPercent(total.size === 0 ? 1 : total.sent / total.size)}</strong>
        <span class="quiet">{t.progressOf(formatBytes(total.sent), formatBytes(total.size))}</span>
        {speed !== undefined && <span class="quiet">{formatSpeed(speed)}</span>}
        {seconds !== undefined && <span class="quiet">{t.timeLeft(formatDuration(seconds, 'short'))}</span>}
      </div>
      <ProgressBar sent={total.sent} total={total.size} label={t.totalProgress} />
      {total.state === 'stalled' && <p class="quiet">{t.stalledText}</p>}
    </div>
  )
}

type Dispatch = (event: QueueEvent) => void

function PauseButton({ total, dispatch }: { total: Total; dispatch: Dispatch }) {
  const t = sendTexts.value
  const buttons = {
    moving: { icon: 'pause', label: t.pause, type: 'pause' },
    paused: { icon: 'play', label: t.continue, type: 'continue' },
    failed: { icon: 'again', label: commonTexts.value.tryAgain, type: 'continue' },
  } as const
  const { icon, label, type } = buttons[total.state === 'paused' || total.state === 'failed' ? total.state : 'moving']
  return (
    <button type="button" class="plain" onClick={() => dispatch({ type })}>
      <Icon name={icon} />
      {label}
    </button>
  )
}

interface FileProps {
  file: QueuedFile
  dispatch: Dispatch
  children: ComponentChildren
}

function SendingFile({ file, dispatch, children }: FileProps) {
  const { name, state } = file
  const isOpen = state !== 'done' && state !== 'cancelled'
  return (
    <li class={`file ${state}`}>
      <span class="file-icon">
        <Icon name={state === 'done' ? 'check' : KIND_ICONS[kindOf({ name, type: '' })]} />
      </span>
      <FileName path={name} />
      <span class="file-facts">{factsOf(file)}</span>
      <span class="file-actions">{isOpen && <FileButtons file={file} dispatch={dispatch} />}</span>
      {isOpen && <ProgressBar sent={file.sent} total={file.size} label={sendTexts.value.progressFor(name)} />}
      {file.isChanged && isOpen && <p class="file-note">{sendTexts.value.changedFile}</p>}
      {state === 'failed' && (
        <p class="file-note bad" role="alert">
          {errorText(file.error)}
        </p>
      )}
      {children}
    </li>
  )
}

function factsOf({ state, sent, size }: QueuedFile): string {
  const t = sendTexts.value
  if (state === 'waiting') return t.waiting
  if (state === 'cancelled') return t.cancelled
  if (state === 'done') return formatBytes(size)
  return t.progressOf(formatBytes(sent), formatBytes(size))
}

function FileButtons({ file: { key, name, state }, dispatch }: { file: QueuedFile; dispatch: Dispatch }) {
  const t = sendTexts.value
  const buttons = {
    failed: { icon: 'again', label: t.retryFile(name), type: 'continue' },
    paused: { icon: 'play', label: t.continueFile(name), type: 'continue' },
    open: { icon: 'pause', label: t.pauseFile(name), type: 'pause' },
  } as const
  const { icon, label, type } = buttons[state === 'failed' || state === 'paused' ? state : 'open']
  return (
    <>
      <button type="button" class="bare" aria-label={label} onClick={() => dispatch({ type, key })}>
        <Icon name={icon} />
      </button>
      <button
        type="button"
        class="bare"
        aria-label={t.cancelFile(name)}
        title={commonTexts.value.cancel}
        onClick={() => dispatch({ type: 'cancel', key })}
      >
        <Icon name="close" />
      </button>
    </>
  )
}
