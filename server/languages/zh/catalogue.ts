import type { Catalogue } from '../translator.ts'
import { ACCOUNTS } from './accounts.ts'
import { FIELDS } from './fields.ts'
import { HISTORY } from './history.ts'
import { JOBS } from './jobs.ts'
import { SHAPES } from './shapes.ts'
import { TRANSFERS } from './transfers.ts'
import { UPLOADS } from './uploads.ts'

/** Everything that the server says to people, in Chinese. */
export const CHINESE: Catalogue = {
  sentences: { ...UPLOADS, ...TRANSFERS, ...ACCOUNTS, ...JOBS, ...HISTORY, ...SHAPES },
  fields: FIELDS,
}
