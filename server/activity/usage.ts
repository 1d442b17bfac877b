import type { Upload } from '../uploads/upload.ts'

/** Categories of uploads and files, named as in Plik 1.4's JSON (`docs/reference/api.md`, usage). Pure. */

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MIB = 1024 ** 2
const GIB = 1024 ** 3

/** The counted options of an upload. */
export interface Choices
  extends Pick<Upload, 'removable' | 'oneShot' | 'stream' | 'extendTtl' | 'e2ee' | 'ttlSeconds'> {
  hasPassword: boolean
  hasComments: boolean
}

export const choicesOf = (upload: Upload): Choices => ({
  ...upload,
  hasPassword: upload.passwordHash !== null,
  hasComments: upload.comments !== '',
})

const FEATURES = {
  passwordUploads: ({ hasPassword }: Choices) => hasPassword,
  removableUploads: ({ removable }: Choices) => removable,
  oneShotUploads: ({ oneShot }: Choices) => oneShot,
  streamUploads: ({ stream }: Choices) => stream,
  extendTTLUploads: ({ extendTtl }: Choices) => extendTtl,
  e2eeUploads: ({ e2ee }: Choices) => e2ee !== null,
  commentUploads: ({ hasComments }: Choices) => hasComments,
}

/** Each category counts values below its bound, and not below the previous one. */
const TTLS = {
  noneUploads: 1,
  lessThan1HourUploads: HOUR,
  oneHourToOneDayUploads: DAY,
  oneDayToSevenDaysUploads: 7 * DAY,
  sevenDaysTo30DaysUploads: 30 * DAY + 1,
  greaterThan30DaysUploads: Number.POSITIVE_INFINITY,
}

const FILE_SIZES = {
  lessThan1MBFiles: MIB,
  oneMBTo10MBFiles: 10 * MIB,
  tenMBTo100MBFiles: 100 * MIB,
  hundredMBTo1GBFiles: GIB,
  oneGBTo10GBFiles: 10 * GIB,
  tenGBTo100GBFiles: 100 * GIB,
  greaterThan100GBFiles: Number.POSITIVE_INFINITY,
}

/** Upper bounds of the size categories. */
export const FILE_SIZE_BOUNDS = Object.values(FILE_SIZES).filter(Number.isFinite)

/** The value of each counter; missing counters are zero. */
export type Counts = ReadonlyMap<string, number>

/** The counters that a new upload increments. */
export const countersOfUpload = (upload: Choices): string[] => [
  'uploads',
  ...Object.entries(FEATURES).flatMap(([counter, has]) => (has(upload) ? [counter] : [])),
  bucketOf(TTLS, upload.ttlSeconds),
]

/** The counter for files of this size. */
export const sizeClassOf = (size: number): string => bucketOf(FILE_SIZES, size)

function bucketOf(bounds: Record<string, number>, value: number): string {
  const bucket = Object.entries(bounds).find(([, bound]) => value < bound)
  return bucket?.[0] as string // the last bound is infinite
}

/** Builds `current` or `lifetime` of a usage object. */
export function usageJson(counts: Counts) {
  const of = (counter: string) => counts.get(counter) ?? 0
  const all = <T extends object>(counters: T) =>
    Object.fromEntries(Object.keys(counters).map((counter) => [counter, of(counter)])) as Record<keyof T, number>
  return {
    uploads: of('uploads'),
    files: of('files'),
    totalSize: of('totalSize'),
    features: all(FEATURES),
    ttl: all(TTLS),
    fileSizes: all(FILE_SIZES),
  }
}
