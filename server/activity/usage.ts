import type { Upload } from '../uploads/upload.ts'

/** What uploads and files are counted as, in the words of Plik 1.4's JSON (`docs/reference/api.md`, usage). Pure. */

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const MIB = 1024 ** 2
const GIB = 1024 ** 3

/** What is counted of an upload. */
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

/** Each counts what lies below it and not below the one before. */
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

/** Where one size class ends and the next begins. */
export const FILE_SIZE_BOUNDS = Object.values(FILE_SIZES).filter(Number.isFinite)

/** How often each counter was counted; what is missing was not. */
export type Counts = ReadonlyMap<string, number>

/** The counters that a new upload moves by one. */
export const countersOfUpload = (upload: Choices): string[] => [
  'uploads',
  ...Object.entries(FEATURES).flatMap(([counter, has]) => (has(upload) ? [counter] : [])),
  bucketOf(TTLS, upload.ttlSeconds),
]

/** The counter of files of this size. */
export const sizeClassOf = (size: number): string => bucketOf(FILE_SIZES, size)

function bucketOf(bounds: Record<string, number>, value: number): string {
  const bucket = Object.entries(bounds).find(([, bound]) => value < bound)
  return bucket?.[0] as string // the last bound is infinite
}

/** `current` or `lifetime` of a usage object. */
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
