/** What opens an encrypted upload: an X25519 identity of age, or the passphrase that another client has used. Pure. */

export const isIdentity = (secret: string): boolean => secret.startsWith('AGE-SECRET-KEY-')
