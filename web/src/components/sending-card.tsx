import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { now } from '../clock.ts'
import { errorText } from '../error-text.ts'
import { KIND_ICONS, kindOf } from '../file-kind.ts'
import { formatBytes, formatDuration, formatPercent, formatSpeed } from '../format.ts'
import { commonTexts } from '../i18n/common.ts'
import { sendingTexts } from '../i18n/sending.ts'
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
  const until = Math.max(...files.map((file) => (file.state === 'stalled' && file.until) || 0))
  const id = useId()
  return (
    <section class="card sending" aria-labelledby={id}>
      <PageTitle id={id}>{titleOf(total, files.length, until > 0)}</PageTitle>
      {head}
      <TotalProgress sender={sender} total={total} until={until} />
      <div class="buttons start">
        <PauseButton total={total} dispatch={dispatch} />
        <button type="button" class="plain" onClick={onCancel}>
          <Icon name="close" />
          {sendingTexts.value.cancelAll}
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
      <p class="quiet">{sendingTexts.value.keepOpen}</p>
    </section>
  )
}

function titleOf({ state }: Total, count: number, isAskedToWait: boolean): string {
  const t = sendingTexts.value
  const titles = {
    sending: t.sendingTitle(count),
    stalled: isAskedToWait ? t.askedToWaitTitle : t.stalledTitle,
    paused: t.pausedTitle,
    failed: t.failedTitle,
    done: t.doneTitle,
  }
  return titles[state]
}

function TotalProgress({ sender, total, until }: { sender: Sender; total: Total; until: number }) {
  const t = sendingTexts.value
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
      {total.state === 'stalled' && <p class="quiet">{until > 0 ? <Wait until={until} /> : t.stalledText}</p>}
    </div>
  )
}

/** Its clock ticks only while the server asks to wait. */
function Wait({ until }: { until: number }) {
  const seconds = Math.max(1, Math.ceil((until - now.value) / 1_000))
  return <>{sendingTexts.value.askedToWaitText(formatDuration(seconds))}</>
}

type Dispatch = (event: QueueEvent) => void

function PauseButton({ total, dispatch }: { total: Total; dispatch: Dispatch }) {
  const t = sendingTexts.value
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
      {isOpen && <ProgressBar sent={file.sent} total={file.size} label={sendingTexts.value.progressFor(name)} />}
      {file.isChanged && isOpen && <p class="file-note">{sendingTexts.value.changedFile}</p>}
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
  const t = sendingTexts.value
  if (state === 'waiting') return t.waiting
  if (state === 'cancelled') return t.cancelled
  if (state === 'done') return formatBytes(size)
  return t.progressOf(formatBytes(sent), formatBytes(size))
}

function FileButtons({ file: { key, name, state }, dispatch }: { file: QueuedFile; dispatch: Dispatch }) {
  const t = sendingTexts.value
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
