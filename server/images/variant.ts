import type { Row } from '../database/schema.ts'

/** A stored image that was derived from a file's image. */
export type Variant = Row<'variants'>
