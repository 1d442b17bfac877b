import { NOTHING_SENT, notedSource } from '../../../client/src/fingerprint.ts'
import { blobSource, type SizedSource } from '../../../client/src/source.ts'
import type { FileJson } from '../lib/api.ts'
import { cleanedHere } from '../lib/cleaned-here.ts'
import { announce } from '../lib/upload-indicator.ts'
import { type ChosenFile, sentBytes } from './chosen-files.ts'
import type { Prepared } from './prepare.ts'
import { createSender, type Outcome, type Sender } from './sender.ts'
import type { OutgoingFile, Transport } from './transport.ts'
import { noteFile, noteOver, noteStarted, type UnfinishedFile } from './unfinished.ts'

/**
 * Sends files for owners of uploads and for guests. `recordId`: id of the record in browser storage by which unfinished files can
 * be resumed.
 */

/** Stores the fingerprint of the bytes before they are sent. `known`: the fingerprint stored earlier. */
export const notedFile = (recordId: () => string, file: ChosenFile, known = NOTHING_SENT): SizedSource =>
  notedSource(blobSource(sentBytes(file)), known, (fingerprint) => noteFile(recordId(), file.key, { fingerprint }))

/** `declared`: its declared file in the upload; undefined: it is added. */
export function outgoingOf(
  { chosen, name, type, source, sealed }: Prepared,
  declared?: FileJson,
  before?: () => Promise<void>,
): OutgoingFile {
  const report = chosen.cleaned?.report
  if (report) for (const one of [chosen.key, declared?.id ?? name]) cleanedHere.set(one, report)
  return {
    key: chosen.key,
    chosen,
    path: chosen.path,
    name: declared?.fileName ?? name,
    fileId: declared?.id,
    type,
    source,
    listed: sealed?.listed,
    before,
  }
}

/** What is stored about files before they are sent. */
export const unfinishedFiles = (prepared: readonly Prepared[], outgoing: readonly OutgoingFile[]): UnfinishedFile[] =>
  prepared.map(({ chosen: { key, path, bytes, cleaned }, name, sealed }, index) => {
    const fileId = outgoing[index]?.fileId
    return {
      key,
      path,
      size: bytes.size,
      modified: bytes.lastModified,
      ...(fileId ? { fileId } : {}),
      ...(sealed ? { name, head: sealed.head } : {}),
      ...(cleaned ? { isCleaned: true } : {}),
    }
  })

/** Files being sent. They outlive the page that shows them, so that the user can visit other pages. */
export interface Running {
  sender: Sender
  /** To be called when it is no longer running. */
  conceal: () => void
}

interface Work extends Outcome {
  recordId: string
  /** Link to the page that shows it. */
  place: string
  transport: Transport
}

export function startSending(
  { recordId, place, transport, onDone, onDiscarded }: Work,
  outgoing: readonly OutgoingFile[],
): Running {
  const sender = createSender(outgoing, transport, {
    onDone: (file) => {
      noteOver(recordId, file.key)
      onDone(file)
    },
    onDiscarded: (file) => {
      noteOver(recordId, file.key)
      onDiscarded?.(file)
    },
  })
  noteStarted(recordId)
  sender.dispatch({ type: 'begin' })
  const conceal = announce(place, sender.total)
  return { sender, conceal }
}
