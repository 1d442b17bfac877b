/** Names from a server, made into paths that lead nowhere but below the folder that was chosen. */

const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/** Relative, with `/`. Parts such as `..` are dropped, and characters that some system can't store are replaced. */
export function safePath(name: string): string {
  const parts = name.split(/[\\/]/).map(safePart)
  return parts.filter((part) => part !== '').join('/') || 'download'
}

function safePart(part: string): string {
  const cleaned = part.replace(/[\p{Cc}<>:"|?*]/gu, '_').replace(/[. ]+$/, '')
  return RESERVED.test(cleaned) ? `_${cleaned}` : cleaned
}
