import type { Row } from '../database/schema.ts'

/** Who is told how jobs end. */
export type Operator = Row<'operators'>
