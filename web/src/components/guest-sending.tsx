import { useEffect } from 'preact/hooks'
import { errorText } from '../error-text.ts'
import { formatBytes, formatPercent } from '../format.ts'
import { commonTexts } from '../i18n/common.ts'
import { sendTexts } from '../i18n/send.ts'
import { pathOfName } from '../sending/folder-names.ts'
import type { Sender } from '../sending/sender.ts'
import { type QueuedFile, totalOf } from '../sending/upload-queue.ts'
import { FileName } from './file-name.tsx'
import { Icon } from './icon.tsx'
import { ProgressBar } from './progress-bar.tsx'

/** A guest's files on their way. `onEnd`: none is left that could still arrive. */
export function GuestSending({ sender, onEnd }: { sender: Sender; onEnd: () => void }) {
  const t = sendTexts.value
  const files = sender.files.value
  const total = totalOf(files)
  const isOver = files.every(({ state }) => state === 'done' || state === 'cancelled')
  useEffect(() => {
    if (isOver) onEnd()
  }, [isOver])
  return (
    <section class="card sending" aria-labelledby="sending-title">
      <h1 id="sending-title">{total.state === 'failed' ? t.failedTitle : t.sendingTitle(files.length)}</h1>
      <div class="total">
        <div class="total-figures">
          <strong>{formatPercent(total.size === 0 ? 1 : total.sent / total.size)}</strong>
          <span class="quiet">{t.progressOf(formatBytes(total.sent), formatBytes(total.size))}</span>
        </div>
        <ProgressBar sent={total.sent} total={total.size} label={t.totalProgress} />
      </div>
      <ul class="files">
        {files.map((file) => (
          <GuestFile key={file.key} file={file} sender={sender} />
        ))}
      </ul>
      <div class="buttons start">
        <button type="button" class="plain" onClick={() => sender.dispatch({ type: 'cancel' })}>
          <Icon name="close" />
          {t.cancelAll}
        </button>
      </div>
    </section>
  )
}

function GuestFile({ file, sender }: { file: QueuedFile; sender: Sender }) {
  const t = sendTexts.value
  const path = pathOfName(file.name)
  const { key, state } = file
  const isOpen = state !== 'done' && state !== 'cancelled'
  return (
    <li class={`file ${state}`}>
      <span class="file-icon">
        <Icon name={state === 'done' ? 'check' : 'file'} />
      </span>
      <FileName path={path} />
      <span class="file-facts">{formatBytes(file.size)}</span>
      <span class="file-actions">
        {state === 'failed' && (
          <button
            type="button"
            class="bare"
            aria-label={t.retryFile(path)}
            onClick={() => sender.dispatch({ type: 'continue', key })}
          >
            <Icon name="again" />
          </button>
        )}
        {isOpen && (
          <button
            type="button"
            class="bare"
            aria-label={t.cancelFile(path)}
            title={commonTexts.value.cancel}
            onClick={() => sender.dispatch({ type: 'cancel', key })}
          >
            <Icon name="close" />
          </button>
        )}
      </span>
      {isOpen && <ProgressBar sent={file.sent} total={file.size} label={t.progressFor(path)} />}
      {state === 'failed' && (
        <p class="file-note bad" role="alert">
          {errorText(file.error)}
        </p>
      )}
    </li>
  )
}
