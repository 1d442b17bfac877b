import { useEffect } from 'preact/hooks'
import { SendingCard } from '../send/sending-card.tsx'
import { sendingTexts } from '../send/texts/sending.ts'
import { type GuestUpload, replaceAsGuest } from './guest-upload.ts'

/** A guest's files on their way. `onEnd`: none is left that could still arrive. */
export function GuestSending({ upload, onEnd }: { upload: GuestUpload; onEnd: () => void }) {
  const { sender } = upload
  const isOver = sender.files.value.every(({ state }) => state === 'done' || state === 'cancelled')
  useEffect(() => {
    if (isOver) onEnd()
  }, [isOver])
  return (
    <SendingCard
      sender={sender}
      onCancel={() => sender.dispatch({ type: 'cancel' })}
      onReplace={(key, chosen) => replaceAsGuest(upload, key, chosen)}
      cancelText={sendingTexts.value.cancelShared}
    />
  )
}
