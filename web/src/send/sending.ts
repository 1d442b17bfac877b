import { type Signal, signal } from '@preact/signals'
import { blobSource } from '../../../client/src/source.ts'
import { createUpload, type FileJson, getUpload, removeFile, removeUpload, type UploadJson } from '../lib/api.ts'
import { href, route } from '../lib/router.ts'
import { me, myConfig } from '../lib/session.ts'
import { linksOf } from '../receive/links.ts'
import { type ChosenFile, sentBytes } from './chosen-files.ts'
import { cleansHere, requestOf, type SendOptions } from './options.ts'
import { plainTransport } from './plain-transport.ts'
import { type Prepared, prepare } from './prepare.ts'
import { keepRecent, type RecentUpload } from './recent.ts'
import { rememberToken } from './tokens.ts'
import type { OutgoingFile } from './transport.ts'
import { tusTransport } from './tus-transport.ts'
import { forgetUnfinished, noteShared, rememberUnfinished } from './unfinished.ts'
import { notedFile, outgoingOf, type Running, startSending, unfinishedFiles } from './upload-engine.ts'

/** An upload that is being sent. */
export interface Sending extends Running {
  upload: UploadJson
  token: string
  /** Set for an encrypted upload. */
  secret: string | undefined
  /** Its link was not shown yet, so it is useless without its files. */
  isNew: boolean
  /** As it was made; undefined: by an earlier visit. */
  options?: SendOptions
  /** Files as the server has stored them, once images are among them. */
  stored: Signal<FileJson[]>
}

/** Each upload occurs once. */
export const sendings = signal<Sending[]>([])

export const runningOf = (uploadId: string) => sendings.value.find(({ upload }) => upload.id === uploadId)

/** Creates the upload and starts sending. Throws `MayflyError` if the server rejects it. */
export async function send(chosen: readonly ChosenFile[], options: SendOptions): Promise<void> {
  const config = myConfig.value
  if (!config) return
  const files = cleansHere(options) ? await (await import('./cleaning.ts')).withCleaned(chosen) : chosen
  const sealing = options.encrypt ? await import('./seal.ts') : undefined
  const secret = await sealing?.newSecret()
  const request = requestOf(options, config)
  let id = ''
  const sourceOf = (file: ChosenFile) => (request.stream ? blobSource(sentBytes(file)) : notedFile(() => id, file))
  const prepared = await Promise.all(files.map((file) => prepare(file, sourceOf(file), secret)))
  const wanted = {
    ...request,
    files: prepared.map(({ chosen, name, type, source }) => ({
      fileName: name,
      fileSize: source.size,
      fileType: type,
      reference: chosen.key,
    })),
  }
  const upload = await (sealing && secret ? sealing.createSealed(wanted, prepared, secret) : createUpload(wanted))
  id = upload.id
  const token = upload.uploadToken ?? ''
  rememberToken(id, token)
  if (!me.value) keepRecent(recentOf(upload, token, files))
  const declared = new Map(upload.files?.map((file) => [file.reference, file]))
  const about = { upload, token, secret, isNew: true, options }
  const outgoing = prepared.map((one) => outgoingOf(one, declared.get(one.chosen.key)))
  if (!upload.stream) remember(about, prepared, outgoing)
  start(about, outgoing)
}

const recentOf = (
  { id, expireAt, e2ee, stream }: UploadJson,
  token: string,
  files: readonly ChosenFile[],
): RecentUpload => ({
  uploadId: id,
  token,
  ...(e2ee ? {} : { title: files[0]?.path ?? '' }),
  files: files.length,
  expiresAt: expireAt,
  ...(stream ? { isStream: true } : {}),
})

type About = Omit<Sending, 'sender' | 'stored' | 'conceal'>

export function remember(
  { upload, token, secret, isNew }: About,
  prepared: readonly Prepared[],
  outgoing: readonly OutgoingFile[],
): void {
  const files = unfinishedFiles(prepared, outgoing)
  rememberUnfinished({ uploadId: upload.id, token, ...(secret ? { secret } : {}), isShared: !isNew, files })
}

/** Sends files after those of the same upload that are already being sent. */
export function start(about: About, outgoing: readonly OutgoingFile[]): void {
  const running = runningOf(about.upload.id)
  if (running) running.sender.add(outgoing)
  else sendings.value = [...sendings.value, begun(about, outgoing)]
}

function begun(about: About, outgoing: readonly OutgoingFile[]): Sending {
  const { upload, token, secret } = about
  const stored = signal<FileJson[]>([])
  const transport = upload.stream
    ? plainTransport(upload.id, { token })
    : tusTransport(upload.id, { headers: {}, metadata: { uploadId: upload.id, uploadToken: token } })
  const refresh = refresher(async () => {
    stored.value = (await getUpload(upload.id, { token })).files ?? []
  })
  const running = startSending(
    {
      recordId: upload.id,
      place: href('/'),
      transport,
      onDone: ({ type }) => {
        if (type.startsWith('image/')) refresh()
      },
      onDiscarded: ({ fileId, name, listed }) => {
        // Recipients would wait for a declared file. If it can't be unlisted now, that happens at the end.
        if (!runningOf(upload.id)) return
        if (fileId) removeFile(upload.id, { id: fileId, fileName: name }, { token }).catch(() => {})
        if (secret && listed)
          void import('./manifest-changes.ts').then(({ unlistGivenUp }) =>
            unlistGivenUp({ upload, token, secret }, listed),
          )
      },
    },
    outgoing,
  )
  return { ...about, ...running, stored }
}

const REST_MS = 2_000
/** Reloading a long list of files takes long, so there are pauses between the calls. */
const REST_FACTOR = 20

/** Runs `work` now, or once more after a pause if it is running: frequent calls take only a small part of the time. */
function refresher(work: () => Promise<void>): () => void {
  let state: 'idle' | 'running' | 'asked again' = 'idle'
  async function run(): Promise<void> {
    state = 'running'
    const begunAt = performance.now()
    await work().catch(() => {}) // not essential for sending
    const restMs = Math.max(REST_MS, REST_FACTOR * (performance.now() - begunAt))
    await new Promise((resolve) => setTimeout(resolve, restMs))
    const isAskedAgain = (state as string) === 'asked again'
    state = 'idle'
    if (isAskedAgain) await run()
  }
  return () => {
    if (state === 'idle') void run()
    else state = 'asked again'
  }
}

/** Goes to the link of the upload; files that have not arrived are discarded. */
export function finishSending(sending: Sending): void {
  const { upload, secret, sender } = sending
  sender.dispatch({ type: 'cancel' })
  end(sending)
  noteShared(upload.id)
  if (isOnSendPage()) location.assign(linksOf(upload, secret).page)
}

/** If the link was not shown yet, the whole upload is deleted. */
export async function cancelSending(sending: Sending): Promise<void> {
  const { upload, token, isNew, sender } = sending
  if (!isNew) return finishSending(sending)
  end(sending)
  forgetUnfinished(upload.id)
  sender.dispatch({ type: 'cancel' })
  rememberToken(upload.id, undefined)
  await removeUpload(upload.id, { token }).catch(() => {}) // otherwise it expires
}

export interface TakenBack {
  files: ChosenFile[]
  options: Partial<SendOptions>
}

/** Ends what can't be sent any more, since its upload is over, and returns what it takes to send it anew. */
export function takeBack(sending: Sending): TakenBack {
  const { upload, secret, sender, options = { encrypt: secret !== undefined } } = sending
  end(sending)
  forgetUnfinished(upload.id)
  rememberToken(upload.id, undefined)
  return { files: sender.wanted().map(({ cleaned: _cleaned, ...file }) => file), options }
}

function end(sending: Sending): void {
  sending.conceal()
  sendings.value = sendings.value.filter((one) => one !== sending)
}

/** If the user has opened another page, it stays open. */
const isOnSendPage = (): boolean => route.value.path === '/' && !route.value.query.has('id')
