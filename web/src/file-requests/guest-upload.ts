import { signal } from '@preact/signals'
import { href } from '../lib/router.ts'
import type { ChosenFile } from '../send/chosen-files.ts'
import { prepare } from '../send/prepare.ts'
import { type ChosenAgain, resumedFile } from '../send/resume-check.ts'
import type { OutgoingFile } from '../send/transport.ts'
import { tusTransport } from '../send/tus-transport.ts'
import { forgetUnfinished, noteShared, rememberUnfinished, type Unfinished } from '../send/unfinished.ts'
import { discardAt } from '../send/unfinished-on-server.ts'
import { notedFile, outgoingOf, type Running, startSending, unfinishedFiles } from '../send/upload-engine.ts'
import { rememberGuestFile } from './guest-files.ts'

/** What a guest is sending at the moment. */
export interface GuestUpload extends Running {
  /** Of the record by which it can be resumed. */
  recordId: string
  /** The token of the file request. */
  token: string
}

export const guestUploads = signal<readonly GuestUpload[]>([])

export async function sendAsGuest(token: string, files: readonly ChosenFile[]): Promise<void> {
  const recordId = `guest-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`
  start(recordId, token, await readyFor({ recordId, token }, files))
}

/** Sends another file in the place of one that can't be read any more. */
export async function replaceAsGuest(upload: GuestUpload, key: string, chosen: ChosenFile): Promise<void> {
  for (const file of await readyFor(upload, [chosen])) await upload.sender.replace(key, file)
}

async function readyFor(
  { recordId, token }: Pick<GuestUpload, 'recordId' | 'token'>,
  files: readonly ChosenFile[],
): Promise<OutgoingFile[]> {
  const sourceOf = (file: ChosenFile) => notedFile(() => recordId, file)
  const prepared = await Promise.all(files.map((file) => prepare(file, sourceOf(file), undefined)))
  const outgoing = prepared.map((file) => outgoingOf(file)) // the request says where it goes
  const left = unfinishedFiles(prepared, outgoing)
  rememberUnfinished({ uploadId: recordId, token, isGuest: true, isShared: true, files: left })
  return outgoing
}

/** Resumes unfinished files of an earlier visit for which the user has chosen the file again. Throws `MayflyError`. */
export async function resumeAsGuest({ uploadId, token }: Unfinished, matches: readonly ChosenAgain[]): Promise<void> {
  const outgoing: OutgoingFile[] = []
  for (const match of matches) outgoing.push((await resumedFile(uploadId, match)).outgoing)
  start(uploadId, token, outgoing)
}

/** Deletes unfinished files on the server, so that they no longer count against the limits of the request. */
export async function deleteGuestUpload({ uploadId, files }: Unfinished): Promise<void> {
  forgetUnfinished(uploadId)
  await Promise.all(files.flatMap(({ url }) => url ?? []).map(discardAt))
}

/** To be called once no transfer is running. */
export function endGuestUpload({ recordId, conceal }: GuestUpload): void {
  conceal()
  noteShared(recordId)
  guestUploads.value = guestUploads.value.filter((one) => one.recordId !== recordId)
}

function start(recordId: string, token: string, outgoing: readonly OutgoingFile[]): void {
  const running = startSending(
    {
      recordId,
      place: href('/', { request: token }),
      transport: tusTransport(recordId, { headers: { 'X-RequestToken': token }, metadata: {} }),
      onDone: ({ name, source }) => rememberGuestFile(token, { name, size: source.size }),
    },
    outgoing,
  )
  guestUploads.value = [...guestUploads.value, { recordId, token, ...running }]
}
