/** How large a file is going to be, by what its sender says before it sends any of it. Pure. */
export interface Announcement {
  /** `Infinity`: its sender did not say. */
  bytes: number
  /** Not exact is the size of a form around it: the file has less. */
  isExact: boolean
  /** Of the parts that it is made of: what they hold of the quota is not counted again. */
  partIds?: readonly string[] | undefined
}

export const NOT_ANNOUNCED: Announcement = { bytes: Number.POSITIVE_INFINITY, isExact: false }

/** More than the fields and part headers of any form that a client makes. */
const FORM_OVERHEAD_BYTES = 1024 * 1024

/** The least number of bytes that an announcement stands for. */
export function leastBytes({ bytes, isExact }: Announcement): number {
  if (!Number.isFinite(bytes)) return 0
  return isExact ? bytes : Math.max(0, bytes - FORM_OVERHEAD_BYTES)
}

/** The largest number of bytes; undefined: not known. */
export const mostBytes = ({ bytes }: Announcement): number | undefined => (Number.isFinite(bytes) ? bytes : undefined)
