import { useEffect } from 'preact/hooks'
import { sendTexts } from '../i18n/send.ts'
import { linksOf } from '../receiving/links.ts'
import { pathOfName } from '../sending/folder-names.ts'
import { cancelSending, finishSending, type Sending } from '../sending/sending.ts'
import { totalOf } from '../sending/upload-queue.ts'
import { CopyField } from './copy-field.tsx'
import { Icon } from './icon.tsx'
import { Notice } from './notice.tsx'
import { RemovedData } from './removed-data.tsx'
import { SendingCard } from './sending-card.tsx'

/** An upload on its way, until it leads to its link. */
export function SendingPanel({ sending }: { sending: Sending }) {
  const t = sendTexts.value
  const { sender, stored, upload, secret } = sending
  const files = sender.files.value
  const { state } = totalOf(files)
  useEffect(() => {
    if (files.every((file) => file.state === 'cancelled')) void cancelSending()
    else if (state === 'done') finishSending()
  }, [state])
  return (
    <SendingCard
      sender={sender}
      onCancel={() => void cancelSending()}
      head={
        upload.stream && (
          <Notice icon="link" title={t.streamTitle}>
            <p>{t.streamText}</p>
            <CopyField label={t.toLink} text={linksOf(upload, secret).page} />
          </Notice>
        )
      }
      buttons={
        state === 'failed' &&
        stored.value.length > 0 && (
          <button type="button" class="plain" onClick={finishSending}>
            <Icon name="link" />
            {t.toLink}
          </button>
        )
      }
      below={(file) =>
        file.state === 'done' && (
          <RemovedData file={stored.value.find(({ fileName }) => pathOfName(fileName) === file.name)} />
        )
      }
    />
  )
}
