import type { Row } from '../database/schema.ts'

/** A recipient of notifications about the end of jobs. */
export type Operator = Row<'operators'>
