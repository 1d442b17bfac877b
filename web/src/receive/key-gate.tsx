import { PasswordGate } from './password-gate.tsx'
import type { Link } from './received.ts'
import { IDENTITY_LENGTH } from './secret.ts'
import { encryptionTexts } from './texts/encryption.ts'

interface Props {
  /** The problem with the key that was tried. */
  problem: 'wrong' | 'cut' | undefined
  tried: string
  onKey: (link: Link) => Promise<void>
}

/** Asks for the key of an encrypted upload if the link contains none, or only a part of it. */
export function KeyGate({ problem, tried, onKey }: Props) {
  const t = encryptionTexts.value
  const words = {
    title: problem === 'wrong' ? t.keyWrong : problem === 'cut' ? t.keyCut : t.keyMissing,
    text: problem ? t.keyText : t.keyMissingText,
    field: t.key,
    wrong: problem && (problem === 'cut' ? t.cutKey(tried.length, IDENTITY_LENGTH) : t.wrongKey),
  }
  return <PasswordGate icon="key" words={words} onAnswer={(text) => onKey(linkIn(text))} />
}

/** Accepts a key alone, or the whole link. */
function linkIn(text: string): Link {
  const query = new URLSearchParams(/#.*\?(.*)/s.exec(text.trim())?.[1])
  return { key: query.get('key') ?? text.trim(), e2ee: query.get('e2ee') ?? undefined }
}
