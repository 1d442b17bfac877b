import { useEffect } from 'preact/hooks'
import type { FileJson } from '../api.ts'
import { errorText } from '../error-text.ts'
import { KIND_ICONS, kindOf } from '../file-kind.ts'
import { formatBytes, formatDuration, formatPercent, formatSpeed } from '../format.ts'
import { commonTexts } from '../i18n/common.ts'
import { sendTexts } from '../i18n/send.ts'
import { keepOpen } from '../keep-open.ts'
import { linksOf } from '../receiving/links.ts'
import { pathOfName } from '../sending/folder-names.ts'
import type { Sender } from '../sending/sender.ts'
import { cancelSending, finishSending, type Sending } from '../sending/sending.ts'
import { secondsLeft, speedOf } from '../sending/speed.ts'
import { type QueuedFile, type QueueEvent, type Total, totalOf } from '../sending/upload-queue.ts'
import { CopyField } from './copy-field.tsx'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'
import { Notice } from './notice.tsx'
import { PageTitle } from './page-title.tsx'
import { ProgressBar } from './progress-bar.tsx'
import { RemovedData } from './removed-data.tsx'

/** Files on their way: all together, and each. */
export function SendingPanel({ sending }: { sending: Sending }) {
  const t = sendTexts.value
  const { files, dispatch } = sending.sender
  const total = totalOf(files.value)
  useEffect(() => {
    if (files.value.every(({ state }) => state === 'cancelled')) void cancelSending()
    else if (total.state === 'done') finishSending()
  }, [total.state])
  useEffect(() => (total.state === 'done' ? undefined : keepOpen()), [total.state])
  return (
    <section class="card sending" aria-labelledby="sending-title">
      <PageTitle id="sending-title">{titleOf(total, files.value.length)}</PageTitle>
      {sending.upload.stream && (
        <Notice icon="link" title={t.streamTitle}>
          <p>{t.streamText}</p>
          <CopyField label={t.toLink} text={linksOf(sending.upload, sending.secret).page} />
        </Notice>
      )}
      <TotalProgress sender={sending.sender} total={total} />
      <div class="buttons start">
        <PauseButton total={total} dispatch={dispatch} />
        <button type="button" class="plain" onClick={() => void cancelSending()}>
          <Icon name="close" />
          {t.cancelAll}
        </button>
        {total.state === 'failed' && sending.stored.value.length > 0 && (
          <button type="button" class="plain" onClick={finishSending}>
            <Icon name="link" />
            {t.toLink}
          </button>
        )}
      </div>
      <ul class="files">
        {files.value.map((file) => (
          <SendingFile key={file.key} file={file} dispatch={dispatch} stored={sending.stored.value} />
        ))}
      </ul>
      <p class="quiet">{t.keepOpen}</p>
    </section>
  )
}

export function titleOf({ state }: Total, count: number): string {
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

export function TotalProgress({ sender, total }: { sender: Sender; total: Total }) {
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

export function PauseButton({ total, dispatch }: { total: Total; dispatch: (event: QueueEvent) => void }) {
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

interface SendingFileProps {
  file: QueuedFile
  dispatch: Sender['dispatch']
  /** What the server has, for whoever may see it. */
  stored?: readonly FileJson[]
}

export function SendingFile({ file, dispatch, stored = [] }: SendingFileProps) {
  const t = sendTexts.value
  const path = file.name
  const isOpen = file.state !== 'done' && file.state !== 'cancelled'
  return (
    <li class={`file ${file.state}`}>
      <span class="file-icon">
        <Icon name={file.state === 'done' ? 'check' : KIND_ICONS[kindOf({ name: path, type: '' })]} />
      </span>
      <FileName path={path} />
      <span class="file-facts">{factsOf(file)}</span>
      <span class="file-actions">{isOpen && <FileButtons file={file} dispatch={dispatch} />}</span>
      {isOpen && <ProgressBar sent={file.sent} total={file.size} label={t.progressFor(path)} />}
      {file.state === 'failed' && (
        <p class="file-note bad" role="alert">
          {errorText(file.error)}
        </p>
      )}
      <RemovedData
        file={file.state === 'done' ? stored.find(({ fileName }) => pathOfName(fileName) === path) : undefined}
      />
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

function FileButtons({ file, dispatch }: { file: QueuedFile; dispatch: (event: QueueEvent) => void }) {
  const t = sendTexts.value
  const { key, state } = file
  const path = file.name
  const buttons = {
    failed: { icon: 'again', label: t.retryFile(path), type: 'continue' },
    paused: { icon: 'play', label: t.continueFile(path), type: 'continue' },
    open: { icon: 'pause', label: t.pauseFile(path), type: 'pause' },
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
        aria-label={t.cancelFile(path)}
        title={commonTexts.value.cancel}
        onClick={() => dispatch({ type: 'cancel', key })}
      >
        <Icon name="close" />
      </button>
    </>
  )
}
