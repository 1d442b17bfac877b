import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { MayflyError } from '../../../client/src/errors.ts'
import { now } from '../lib/clock.ts'
import { errorText } from '../lib/error-text.ts'
import { formatBytes, formatDuration, formatPercent, formatSpeed } from '../lib/format.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { visibleName } from '../lib/visible-name.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { KIND_ICONS, kindOf } from '../ui/file-kind.ts'
import { FileName } from '../ui/file-name.tsx'
import { Icon } from '../ui/icon.tsx'
import { PageTitle } from '../ui/page-title.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { useAction } from '../ui/use-action.ts'
import { VisibleRows } from '../ui/visible-rows.tsx'
import type { ChosenFile } from './chosen-files.ts'
import { ChooseButton } from './drop-zone.tsx'
import type { Sender } from './sender.ts'
import { secondsLeft, speedOf } from './speed.ts'
import { sendingTexts } from './texts/sending.ts'
import type { QueuedFile, QueueEvent, Total } from './upload-queue.ts'

interface Props {
  sender: Sender
  /** A stream can be neither paused nor resumed, and is as fast as its recipient. */
  isStream?: boolean
  /** The upload has expired or was deleted, so its files can be neither sent nor tried again. */
  isOver?: boolean
  onCancel: () => Promise<void> | void
  /** Sends another file in the place of one that can't be read any more. */
  onReplace?: (key: string, chosen: ChosenFile) => Promise<void>
  /** What becomes of the files then. */
  cancelText: string
  /** Shown above everything but the title. */
  head?: ComponentChildren
  /** Additional buttons. */
  buttons?: ComponentChildren
  /** Content below a file, and the objects from which it is rendered. */
  below?: (file: QueuedFile) => ComponentChildren
  belowFrom?: unknown
  /** Content below all files. */
  foot?: ComponentChildren
}

/** A confirmation before sending ends. */
type Question = Pick<Parameters<typeof ConfirmDialog>[0], 'title' | 'text' | 'onConfirm'>

/** Progress of sending, in total and of each file. */
export function SendingCard({
  sender,
  isStream = false,
  isOver = false,
  onCancel,
  onReplace,
  cancelText,
  head,
  buttons,
  below,
  belowFrom,
  foot,
}: Props) {
  const { dispatch } = sender
  const files = sender.files.value
  const total = sender.total.value
  const until = Math.max(...files.map((file) => (file.state === 'stalled' && file.until) || 0))
  const isHeld = isStream && isStill(sender, total)
  const id = useId()
  const asked = useSignal<Question | undefined>(undefined)

  /** Waiting files are cancelled without a question, because nothing is lost. */
  function cancelFile({ key, name, state }: QueuedFile): void {
    const onConfirm = () => dispatch({ type: 'cancel', key })
    if (state === 'waiting') onConfirm()
    else
      asked.value = {
        title: sendingTexts.value.cancelFile(visibleName(name)),
        text: sendingTexts.value.cancelFileSure,
        onConfirm,
      }
  }

  return (
    <section class="card sending" aria-labelledby={id}>
      <PageTitle id={id}>{isHeld ? sendingTexts.value.heldTitle : titleOf(total, files.length, until > 0)}</PageTitle>
      {head}
      {isHeld ? (
        <p class="quiet" role="status">
          {sendingTexts.value.heldText}
        </p>
      ) : (
        <TotalProgress sender={sender} total={total} until={until} problem={files.find(isAnsweredElsewhere)?.error} />
      )}
      <div class="buttons start">
        {!isOver && (!isStream || total.state === 'failed') && <PauseButton total={total} dispatch={dispatch} />}
        <button
          type="button"
          class="plain"
          aria-haspopup="dialog"
          onClick={() => {
            asked.value = { title: sendingTexts.value.cancelTitle, text: cancelText, onConfirm: onCancel }
          }}
        >
          <Icon name="close" />
          {sendingTexts.value.cancelAll}
        </button>
        {buttons}
      </div>
      <VisibleRows
        files={files}
        keyOf={({ key }) => key}
        from={[belowFrom, isHeld, isOver]}
        row={(file) => (
          <SendingFile
            file={file}
            isStream={isStream}
            isOver={isOver}
            isHeld={isHeld && file.state === 'sending'}
            dispatch={dispatch}
            onCancel={cancelFile}
            onReplace={onReplace}
          >
            {below?.(file)}
          </SendingFile>
        )}
      />
      {foot}
      {!isStream && !isOver && <p class="quiet">{sendingTexts.value.keepOpen}</p>}
      {asked.value && (
        <ConfirmDialog
          {...asked.value}
          action={sendingTexts.value.stopSending}
          refusal={sendingTexts.value.goOnSending}
          onClose={() => {
            asked.value = undefined
          }}
        />
      )}
    </section>
  )
}

/**
 * How long a stream must be idle to count as waiting for its recipient. The last bytes leave the browser at once, so they count
 * as waiting too.
 */
const STILL_MS = 3_000
function isStill({ samples }: Sender, { state, sent, size }: Total): boolean {
  const last = samples.value.at(-1)
  const hasStopped = now.value > 0 && last !== undefined && performance.now() - last.at > STILL_MS
  return state === 'sending' && (last === undefined || sent === size || hasStopped)
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

const isAnsweredElsewhere = ({ state, error }: QueuedFile): boolean => state === 'stalled' && error !== undefined

interface TotalProps {
  sender: Sender
  total: Total
  /** Time until which the server asks to wait (epoch ms); 0: none. */
  until: number
  /** Error of a proxy between the page and the server. */
  problem: unknown
}

function TotalProgress({ sender, total, until, problem }: TotalProps) {
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
      {total.state === 'stalled' && problem !== undefined && <p role="alert">{errorText(problem)}</p>}
      {total.state === 'stalled' && <p class="quiet">{until > 0 ? <Wait until={until} /> : t.stalledText}</p>}
    </div>
  )
}

/** The timer runs only while the server asks to wait. */
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
  isStream: boolean
  isOver: boolean
  /** See `isStill`. */
  isHeld: boolean
  dispatch: Dispatch
  onCancel: (file: QueuedFile) => void
  onReplace: Props['onReplace']
  children: ComponentChildren
}

function SendingFile({ file, isHeld, onReplace, children, ...rest }: FileProps) {
  const { name, state } = file
  const isOpen = state !== 'done' && state !== 'cancelled'
  return (
    <li class={`file ${state}`}>
      <span class="file-icon">
        <Icon name={state === 'done' ? 'check' : KIND_ICONS[kindOf({ name, type: '' })]} />
      </span>
      <FileName path={name} />
      <span class="file-facts">{isHeld ? formatBytes(file.size) : factsOf(file)}</span>
      <span class="file-actions">{isOpen && <FileButtons file={file} {...rest} />}</span>
      {isOpen && !isHeld && (
        <ProgressBar sent={file.sent} total={file.size} label={sendingTexts.value.progressFor(visibleName(name))} />
      )}
      {file.isChanged && isOpen && <p class="file-note">{sendingTexts.value.changedFile}</p>}
      {state === 'failed' && (
        <p class="file-note bad" role="alert">
          {errorText(file.error)}
        </p>
      )}
      {state === 'failed' && !rest.isOver && onReplace && isUnreadable(file.error) && (
        <Replace file={file} onReplace={onReplace} />
      )}
      {children}
    </li>
  )
}

const isUnreadable = (error: unknown): boolean => error instanceof MayflyError && error.code === 'file_changed'

function Replace({ file: { key, name }, onReplace }: { file: QueuedFile; onReplace: NonNullable<Props['onReplace']> }) {
  const { act, problem } = useAction()
  return (
    <div class="file-note stack">
      <ChooseButton
        label={sendingTexts.value.chooseAgain}
        onFiles={([chosen]) => {
          if (chosen) void act(() => onReplace(key, inFolderOf(name, chosen)))
        }}
      />
      {problem.value && <p role="alert">{problem.value}</p>}
    </div>
  )
}

/** Browsers tell the folders of a file only when a folder was chosen. */
const inFolderOf = (path: string, chosen: ChosenFile): ChosenFile =>
  path.endsWith(`/${chosen.path}`) ? { ...chosen, path } : chosen

function factsOf({ state, sent, size }: QueuedFile): string {
  const t = sendingTexts.value
  if (state === 'waiting') return t.waiting
  if (state === 'cancelled') return t.cancelled
  if (state === 'done') return formatBytes(size)
  return t.progressOf(formatBytes(sent), formatBytes(size))
}

function FileButtons({
  file,
  isStream,
  isOver,
  dispatch,
  onCancel,
}: Omit<FileProps, 'isHeld' | 'onReplace' | 'children'>) {
  const { key, state } = file
  const name = visibleName(file.name)
  const t = sendingTexts.value
  const buttons = {
    failed: { icon: 'again', label: t.retryFile(name), type: 'continue' },
    paused: { icon: 'play', label: t.continueFile(name), type: 'continue' },
    open: { icon: 'pause', label: t.pauseFile(name), type: 'pause' },
  } as const
  const { icon, label, type } = buttons[state === 'failed' || state === 'paused' ? state : 'open']
  return (
    <>
      {!isOver && (!isStream || type === 'continue') && (
        <button type="button" class="bare" aria-label={label} onClick={() => dispatch({ type, key })}>
          <Icon name={icon} />
        </button>
      )}
      <button
        type="button"
        class="bare"
        aria-label={t.cancelFile(name)}
        title={commonTexts.value.cancel}
        onClick={() => onCancel(file)}
      >
        <Icon name="close" />
      </button>
    </>
  )
}
