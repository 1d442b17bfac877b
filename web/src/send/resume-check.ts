import { openedEnd } from '../../../client/src/age-layout.ts'
import { beginsWith, coveredBy, NOTHING_SENT } from '../../../client/src/fingerprint.ts'
import { blobSource } from '../../../client/src/source.ts'
import { offsetAt } from '../../../client/src/tus.ts'
import { connection, type FileJson } from '../lib/api.ts'
import { type ChosenFile, sentBytes } from './chosen-files.ts'
import type { Match } from './matching.ts'
import { type Prepared, prepare } from './prepare.ts'
import type { OutgoingFile } from './transport.ts'
import { noteFile, type UnfinishedFile } from './unfinished.ts'
import { discardAt } from './unfinished-on-server.ts'
import { notedFile, outgoingOf } from './upload-engine.ts'

export type ChosenAgain = Match<UnfinishedFile, ChosenFile>

/** What is known of the upload on the server. */
interface Place {
  secret?: string | undefined
  /** The declared file. */
  declared?: FileJson | undefined
}

export interface Resumed {
  prepared: Prepared
  outgoing: OutgoingFile
}

/** Continues a file, or starts it again if the server has nothing of it. `recordId`: see `upload-engine.ts`. */
export async function resumedFile(recordId: string, match: ChosenAgain, place: Place = {}): Promise<Resumed> {
  const { left } = match
  const { secret, declared } = place
  const chosen = await asSent(match)
  const found = await beginningOf({ left, chosen }, secret !== undefined)
  const isPlaceLost = left.fileId !== undefined && (!declared || declared.status === 'deleted')
  const continues = found === 'same' && !isPlaceLost
  const file = { ...chosen, key: left.key, path: left.path }
  const source = notedFile(() => recordId, file, continues ? left.fingerprint : NOTHING_SENT)
  const { name = declared?.fileName } = left
  const prepared = await prepare(file, source, secret, { name, head: continues ? left.head : undefined })
  if (!continues) {
    noteFile(recordId, left.key, { url: undefined, fingerprint: undefined, head: prepared.sealed?.head })
    if (left.url !== undefined && left.fileId === undefined) await discardAt(left.url) // a declared file is reopened
  }
  const outgoing = {
    ...outgoingOf(prepared, isPlaceLost ? undefined : declared), // otherwise it is added to the upload
    isChanged: found === 'changed',
    resumeUrl: continues ? left.url : undefined,
  }
  return { prepared, outgoing }
}

/** A file that was cleaned before is cleaned again; the result is the same. */
async function asSent({ left, chosen }: ChosenAgain): Promise<ChosenFile> {
  if (!left.isCleaned) return chosen
  const [cleaned = chosen] = await (await import('./cleaning.ts')).withCleaned([chosen])
  return cleaned
}

/**
 * Whether the server has the beginning of this file. `unknown`: the server has nothing, or more than was noted, as after a crash
 * of the browser before the note was written.
 */
async function beginningOf({ left, chosen }: ChosenAgain, isSealed: boolean): Promise<'same' | 'changed' | 'unknown'> {
  const { url, fingerprint = NOTHING_SENT } = left
  const bytes = sentBytes(chosen)
  if (!(await beginsWith(blobSource(bytes), fingerprint))) return 'changed'
  const received = url === undefined ? undefined : await offsetAt(url, connection)
  if (received === undefined) return 'unknown'
  const needed = Math.min(isSealed ? openedEnd(received) : received, bytes.size)
  return needed <= coveredBy(fingerprint, bytes.size) ? 'same' : 'unknown'
}
