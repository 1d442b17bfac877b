/** Turns file names from a server into paths that stay inside the chosen folder. */

const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/** Returns a relative path with `/`. Parts such as `..` are dropped; characters that a file system may not allow are replaced. */
export function safePath(name: string): string {
  const parts = name.split(/[\\/]/).map(safePart)
  return parts.filter((part) => part !== '').join('/') || 'download'
}

function safePart(part: string): string {
  const cleaned = part.replace(/[\p{Cc}<>:"|?*]/gu, '_').replace(/[. ]+$/, '')
  return RESERVED.test(cleaned) ? `_${cleaned}` : cleaned
}
