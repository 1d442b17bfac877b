/** What opens an encrypted upload: an X25519 identity of age, or the passphrase that another client has used. Pure. */

const START = 'AGE-SECRET-KEY-1'
/** With 58 characters of Bech32. */
export const IDENTITY_LENGTH = 74

export const isIdentity = (secret: string): boolean => secret.startsWith(START)

/** An identity without what was copied along with it, as the full stop of a sentence; anything else as it is. */
export const keyIn = (text: string): string =>
  /AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/.exec(text.toUpperCase())?.[0] ?? text.trim()

/** Whether it is the beginning of an identity. */
export const isCut = (secret: string): boolean =>
  secret.length < IDENTITY_LENGTH && (isIdentity(secret) || START.startsWith(secret))
