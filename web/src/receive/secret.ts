/** The secret of an encrypted upload: an X25519 identity of age, or a passphrase chosen with another client. Pure. */

const START = 'AGE-SECRET-KEY-1'
/** The prefix and 58 characters of Bech32. */
export const IDENTITY_LENGTH = 74

export const isIdentity = (secret: string): boolean => secret.startsWith(START)

/** Removes text that was copied together with an identity, such as a full stop; anything else is unchanged. */
export const keyIn = (text: string): string =>
  /AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/.exec(text.toUpperCase())?.[0] ?? text.trim()

/** Whether it is an incomplete identity. */
export const isCut = (secret: string): boolean =>
  secret.length < IDENTITY_LENGTH && (isIdentity(secret) || START.startsWith(secret))
