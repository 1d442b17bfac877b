import { signal } from '@preact/signals'
import { type ChosenFile, isSame } from '../sending/chosen-files.ts'
import { nameOfPath } from '../sending/folder-names.ts'
import { createSender, type Sender } from '../sending/sender.ts'
import { type OutgoingFile, plainSource } from '../sending/transport.ts'
import { tusTransport } from '../sending/tus-transport.ts'
import {
  forgetUnfinished,
  noteFinished,
  noteLeft,
  noteStarted,
  noteUrl,
  rememberUnfinished,
  type Unfinished,
} from '../sending/unfinished.ts'
import { rememberBrought } from './guest-files.ts'
import { dropUnfinished } from './requests-api.ts'

/** What a guest is sending at the moment. As anything that is sent, it outlives the page that shows it. */
interface Bringing {
  /** Of the record by which it can be gone on with. */
  recordId: string
  /** The request's. */
  token: string
  sender: Sender
}

export const bringing = signal<readonly Bringing[]>([])

export function bring(token: string, files: readonly ChosenFile[]): void {
  const recordId = `guest-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`
  const left = files.map(({ key, path, bytes }) => ({ fileId: key, path, size: bytes.size }))
  rememberUnfinished({ uploadId: recordId, token, isGuest: true, files: left })
  start({ recordId, token }, files.map(outgoingOf))
}

/** Goes on with what an earlier visit left, as far as `files` are those that were chosen then. */
export function goOnBringing({ uploadId, token, files: left }: Unfinished, files: readonly ChosenFile[]): void {
  const outgoing = left.flatMap((file) => {
    const chosen = files.find((one) => isSame(one, file))
    return chosen ? [{ ...outgoingOf(chosen), key: file.fileId, resumeUrl: file.url }] : []
  })
  start({ recordId: uploadId, token }, outgoing)
}

/** The places of what was begun are free for others again. */
export async function forgetBringing({ uploadId, files }: Unfinished): Promise<void> {
  forgetUnfinished(uploadId)
  const urls = files.flatMap(({ url }) => url ?? [])
  await Promise.allSettled(urls.map(dropUnfinished)) // what can't be told now expires
}

/** To be called once nothing is on its way any more. What was cancelled is not gone on with. */
export function endBringing({ recordId, sender }: Bringing): void {
  for (const { key, state } of sender.files.value) if (state === 'cancelled') noteFinished(recordId, key)
  noteLeft(recordId)
  bringing.value = bringing.value.filter((one) => one.recordId !== recordId)
}

const outgoingOf = ({ key, path, bytes }: ChosenFile): OutgoingFile => ({
  key,
  path,
  fileId: undefined, // the request says where it goes
  name: nameOfPath(path),
  type: bytes.type,
  source: plainSource(bytes),
})

function start(about: Omit<Bringing, 'sender'>, outgoing: readonly OutgoingFile[]): void {
  const { recordId, token } = about
  const transport = tusTransport({
    headers: { 'X-RequestToken': token },
    onUrl: ({ key }, url) => noteUrl(recordId, key, url),
  })
  const sender = createSender(outgoing, transport, ({ key, name, source }) => {
    noteFinished(recordId, key)
    rememberBrought(token, { name, size: source.size })
  })
  bringing.value = [...bringing.value, { ...about, sender }]
  noteStarted(recordId)
  sender.dispatch({ type: 'begin' })
}
