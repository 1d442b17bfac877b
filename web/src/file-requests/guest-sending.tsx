import { useEffect } from 'preact/hooks'
import type { Sender } from '../send/sender.ts'
import { SendingCard } from '../send/sending-card.tsx'
import { sendingTexts } from '../send/texts/sending.ts'

/** A guest's files on their way. `onEnd`: none is left that could still arrive. */
export function GuestSending({ sender, onEnd }: { sender: Sender; onEnd: () => void }) {
  const isOver = sender.files.value.every(({ state }) => state === 'done' || state === 'cancelled')
  useEffect(() => {
    if (isOver) onEnd()
  }, [isOver])
  return (
    <SendingCard
      sender={sender}
      onCancel={() => sender.dispatch({ type: 'cancel' })}
      cancelText={sendingTexts.value.cancelShared}
    />
  )
}
