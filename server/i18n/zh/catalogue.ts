import type { Catalogue } from '../translator.ts'
import { ACCOUNTS } from './accounts.ts'
import { FIELDS } from './fields.ts'
import { JOBS } from './jobs.ts'
import { SHAPES } from './shapes.ts'
import { TRANSFERS } from './transfers.ts'
import { UPLOADS } from './uploads.ts'

/** Everything that people may be refused with, in Chinese. */
export const CHINESE: Catalogue = {
  sentences: { ...UPLOADS, ...TRANSFERS, ...ACCOUNTS, ...JOBS, ...SHAPES },
  fields: FIELDS,
}
