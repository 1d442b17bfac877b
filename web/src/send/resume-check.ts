import { openedEnd } from '../../../client/src/age-layout.ts'
import type { ChosenFile } from './chosen-files.ts'
import { beginsWith, coveredBy, NOTHING_SENT } from './fingerprint.ts'
import type { Match } from './matching.ts'
import type { UnfinishedFile } from './unfinished.ts'
import { receivedAt } from './unfinished-on-server.ts'

export type ChosenAgain = Match<UnfinishedFile, ChosenFile>

/**
 * Whether the server has the beginning of this very file. `unknown`: it has nothing, or more than was noted, as when the browser
 * crashed before it had written that down.
 */
export async function begunAs(
  { left, chosen }: ChosenAgain,
  isSealed: boolean,
): Promise<'same' | 'changed' | 'unknown'> {
  const { url, fingerprint = NOTHING_SENT, size } = left
  if (!(await beginsWith(chosen.bytes, fingerprint))) return 'changed'
  const received = url === undefined ? undefined : await receivedAt(url)
  if (received === undefined) return 'unknown'
  const needed = Math.min(isSealed ? openedEnd(received) : received, size)
  return needed <= coveredBy(fingerprint, size) ? 'same' : 'unknown'
}
