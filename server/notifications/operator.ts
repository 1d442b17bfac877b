import type { OperatorKind } from '../database/schema-jobs.ts'

/** Who is told how jobs end. */
export interface Operator {
  id: string
  name: string
  kind: OperatorKind
  /** A mail address, or the URL of a webhook. */
  target: string
  /** Key of the webhook's signature; empty for mail. */
  secret: string
  isEnabled: boolean
}
