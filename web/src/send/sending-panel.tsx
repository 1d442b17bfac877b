import { useEffect } from 'preact/hooks'
import { MayflyError } from '../../../client/src/errors.ts'
import { pathOfName } from '../../../client/src/file-name.ts'
import { serverConfig } from '../lib/api.ts'
import { cleanedHere } from '../lib/cleaned-here.ts'
import { formatDuration } from '../lib/format.ts'
import { linksOf } from '../receive/links.ts'
import { CopyField } from '../ui/copy-field.tsx'
import { Icon } from '../ui/icon.tsx'
import { Notice } from '../ui/notice.tsx'
import { RemovedData } from '../ui/removed-data.tsx'
import { replaceIn } from './add-files.ts'
import { ChooseAgain } from './choose-again.tsx'
import { resume } from './resume.ts'
import { cancelSending, finishSending, type Sending, type TakenBack, takeBack } from './sending.ts'
import { SendingCard } from './sending-card.tsx'
import { sendingTexts } from './texts/sending.ts'
import { unfinishedTexts } from './texts/unfinished.ts'
import { unfinished } from './unfinished.ts'

/** An upload on its way, until it leads to its link. */
export function SendingPanel({ sending, onTakenBack }: { sending: Sending; onTakenBack: (back: TakenBack) => void }) {
  const t = sendingTexts.value
  const { sender, stored, upload, secret } = sending
  const files = sender.files.value
  const { state } = sender.total.value
  const isOver = files.some(({ error }) => isOverFor(error))
  useEffect(() => {
    if (files.every((file) => file.state === 'cancelled')) void cancelSending(sending)
    else if (state === 'done') finishSending(sending)
  }, [state])
  return (
    <SendingCard
      sender={sender}
      isStream={upload.stream}
      isOver={isOver}
      onCancel={() => cancelSending(sending)}
      {...(!upload.stream && { onReplace: (key, chosen) => replaceIn(sending, key, chosen) })}
      cancelText={upload.stream ? t.cancelStream : sending.isNew ? t.cancelNew : t.cancelShared}
      head={
        isOver ? (
          <Notice tone="bad" icon="clock" title={t.overTitle}>
            <p>{t.overText}</p>
            <button type="button" class="primary" onClick={() => onTakenBack(takeBack(sending))}>
              {t.sendAnew}
            </button>
          </Notice>
        ) : upload.stream ? (
          <Notice icon="link" title={t.streamTitle}>
            <p>{t.streamText(formatDuration(serverConfig.value?.streamTimeout ?? 0))}</p>
            <CopyField label={t.toLink} text={linksOf(upload, secret).page} />
          </Notice>
        ) : null
      }
      buttons={
        state === 'failed' &&
        !isOver &&
        files.some((file) => file.state === 'done') && (
          <button type="button" class="plain" onClick={() => finishSending(sending)}>
            <Icon name="link" />
            {t.withoutFailed}
          </button>
        )
      }
      foot={!isOver && <StillToChoose sending={sending} />}
      belowFrom={stored.value}
      below={({ key, name, state }) => {
        const there = state === 'done' ? stored.value.find(({ fileName }) => pathOfName(fileName) === name) : undefined
        return <RemovedData file={there} before={cleanedHere.get(key)} />
      }}
    />
  )
}

const isOverFor = (error: unknown): boolean =>
  error instanceof MayflyError && ['upload_expired', 'upload_not_found'].includes(error.code)

/** Files of the same upload that an earlier visit left, and that were not chosen again. */
function StillToChoose({ sending }: { sending: Sending }) {
  const known = new Set(sending.sender.files.value.map(({ key }) => key))
  const upload = unfinished.value.find(({ uploadId }) => uploadId === sending.upload.id)
  const files = upload?.files.filter(({ key }) => !known.has(key)) ?? []
  if (!upload || files.length === 0) return null
  return (
    <Notice icon="again" title={unfinishedTexts.value.stillToChoose(files.length)}>
      <ChooseAgain upload={{ ...upload, files }} goOn={(matches) => resume(upload, matches)} />
    </Notice>
  )
}
