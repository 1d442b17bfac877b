import type { Row } from '../database/schema.ts'

/** An image derived from a file's, as it is kept. */
export type Variant = Row<'variants'>
