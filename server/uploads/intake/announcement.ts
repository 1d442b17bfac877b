/** The size of a file as its sender announces it in advance. Pure. */
export interface Announcement {
  /** `Infinity`: not announced. */
  bytes: number
  /** False for the size of a form: the file in it is smaller. */
  isExact: boolean
  /** Ids of the parts that the file is joined from: the quota reserved for them is not counted again. */
  partIds?: readonly string[] | undefined
}

export const NOT_ANNOUNCED: Announcement = { bytes: Number.POSITIVE_INFINITY, isExact: false }

/** More than the fields and part headers of any real form. */
const FORM_OVERHEAD_BYTES = 1024 * 1024

/** The smallest possible size of the file. */
export function leastBytes({ bytes, isExact }: Announcement): number {
  if (!Number.isFinite(bytes)) return 0
  return isExact ? bytes : Math.max(0, bytes - FORM_OVERHEAD_BYTES)
}

/** The largest possible size; undefined if it is unknown. */
export const mostBytes = ({ bytes }: Announcement): number | undefined => (Number.isFinite(bytes) ? bytes : undefined)
