import { useEffect } from 'preact/hooks'
import { sendTexts } from '../i18n/send.ts'
import { keepOpen } from '../keep-open.ts'
import type { Sender } from '../sending/sender.ts'
import { totalOf } from '../sending/upload-queue.ts'
import { Icon } from './icon.tsx'
import { PageTitle } from './page-title.tsx'
import { PauseButton, SendingFile, TotalProgress, titleOf } from './sending-panel.tsx'

/** A guest's files on their way. `onEnd`: none is left that could still arrive. */
export function GuestSending({ sender, onEnd }: { sender: Sender; onEnd: () => void }) {
  const t = sendTexts.value
  const { files, dispatch } = sender
  const total = totalOf(files.value)
  const isOver = files.value.every(({ state }) => state === 'done' || state === 'cancelled')
  useEffect(() => {
    if (isOver) onEnd()
    else return keepOpen()
  }, [isOver])
  return (
    <section class="card sending" aria-labelledby="sending-title">
      <PageTitle id="sending-title">{titleOf(total, files.value.length)}</PageTitle>
      <TotalProgress sender={sender} total={total} />
      <div class="buttons start">
        <PauseButton total={total} dispatch={dispatch} />
        <button type="button" class="plain" onClick={() => dispatch({ type: 'cancel' })}>
          <Icon name="close" />
          {t.cancelAll}
        </button>
      </div>
      <ul class="files">
        {files.value.map((file) => (
          <SendingFile key={file.key} file={file} dispatch={dispatch} />
        ))}
      </ul>
      <p class="quiet">{t.keepOpen}</p>
    </section>
  )
}
