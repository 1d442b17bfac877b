import { computed, signal } from '@preact/signals'
import { href } from '../lib/router.ts'
import { announce } from '../lib/upload-indicator.ts'
import type { ChosenFile } from '../send/chosen-files.ts'
import { type Fingerprint, NOTHING_SENT, notedSource } from '../send/fingerprint.ts'
import { nameOfPath } from '../send/folder-names.ts'
import { begunAs, type ChosenAgain } from '../send/resume-check.ts'
import { createSender, type Sender } from '../send/sender.ts'
import type { OutgoingFile, Source } from '../send/transport.ts'
import { tusTransport } from '../send/tus-transport.ts'
import {
  forgetUnfinished,
  noteFile,
  noteOver,
  noteShared,
  noteStarted,
  rememberUnfinished,
  type Unfinished,
} from '../send/unfinished.ts'
import { discardAt } from '../send/unfinished-on-server.ts'
import { totalOf } from '../send/upload-queue.ts'
import { rememberBrought } from './guest-files.ts'

/** What a guest is sending at the moment. As anything that is sent, it outlives the page that shows it. */
interface Bringing {
  /** Of the record by which it can be resumed. */
  recordId: string
  /** The request's. */
  token: string
  sender: Sender
  /** To be called when it is not under way any more. */
  conceal: () => void
}

export const bringing = signal<readonly Bringing[]>([])

export function bring(token: string, files: readonly ChosenFile[]): void {
  const recordId = `guest-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`
  const left = files.map(({ key, path, bytes }) => ({ key, path, size: bytes.size, modified: bytes.lastModified }))
  rememberUnfinished({ uploadId: recordId, token, isGuest: true, isShared: true, files: left })
  start(
    { recordId, token },
    files.map((file) => outgoingOf(file, notedFor(recordId, file.key, file, NOTHING_SENT))),
  )
}

/** Goes on with what an earlier visit left, as far as it was chosen again. Throws `ApiError`. */
export async function goOnBringing({ uploadId, token }: Unfinished, matches: readonly ChosenAgain[]): Promise<void> {
  const outgoing: OutgoingFile[] = []
  for (const match of matches) outgoing.push(await resumed(uploadId, match))
  start({ recordId: uploadId, token }, outgoing)
}

async function resumed(recordId: string, match: ChosenAgain): Promise<OutgoingFile> {
  const { left, chosen } = match
  const found = await begunAs(match, false)
  const goesOn = found === 'same'
  if (!goesOn) {
    noteFile(recordId, left.key, { url: undefined, fingerprint: undefined })
    if (left.url !== undefined) await discardAt(left.url)
  }
  const source = notedFor(recordId, left.key, chosen, (goesOn && left.fingerprint) || NOTHING_SENT)
  const outgoing = { ...outgoingOf(chosen, source), key: left.key, isChanged: found === 'changed' }
  return goesOn ? { ...outgoing, resumeUrl: left.url } : outgoing
}

const notedFor = (recordId: string, key: string, { bytes }: ChosenFile, known: Fingerprint) =>
  notedSource(bytes, known, (fingerprint) => noteFile(recordId, key, { fingerprint }))

/** The places of what was begun are free for others again. */
export async function giveUpBringing({ uploadId, files }: Unfinished): Promise<void> {
  forgetUnfinished(uploadId)
  await Promise.all(files.flatMap(({ url }) => url ?? []).map(discardAt))
}

/** To be called once nothing is on its way any more. */
export function endBringing({ recordId, conceal }: Bringing): void {
  conceal()
  noteShared(recordId)
  bringing.value = bringing.value.filter((one) => one.recordId !== recordId)
}

const outgoingOf = ({ key, path, bytes }: ChosenFile, source: Source): OutgoingFile => ({
  key,
  path,
  fileId: undefined, // the request says where it goes
  name: nameOfPath(path),
  type: bytes.type,
  source,
})

function start(about: Omit<Bringing, 'sender' | 'conceal'>, outgoing: readonly OutgoingFile[]): void {
  const { recordId, token } = about
  const transport = tusTransport({
    headers: { 'X-RequestToken': token },
    onUrl: ({ key }, url) => noteFile(recordId, key, { url }),
  })
  const sender = createSender(outgoing, transport, {
    onDone: ({ key, name, source }) => {
      noteOver(recordId, key)
      rememberBrought(token, { name, size: source.size })
    },
    onDiscarded: ({ key }) => noteOver(recordId, key),
  })
  const conceal = announce(
    href('/', { request: token }),
    computed(() => totalOf(sender.files.value)),
  )
  bringing.value = [...bringing.value, { ...about, sender, conceal }]
  noteStarted(recordId)
  sender.dispatch({ type: 'begin' })
}
