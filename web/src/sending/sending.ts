import { type Signal, signal } from '@preact/signals'
import { createUpload, type FileJson, getUpload, removeUpload, type UploadJson } from '../api.ts'
import { linksOf } from '../receiving/links.ts'
import { route } from '../router.ts'
import { myConfig } from '../session.ts'
import { rememberToken } from '../tokens.ts'
import { type ChosenFile, isSame } from './chosen-files.ts'
import { requestOf, type SendOptions } from './options.ts'
import { plainTransport } from './plain-transport.ts'
import { type Prepared, prepare } from './prepare.ts'
import { createSender, type Sender } from './sender.ts'
import type { OutgoingFile } from './transport.ts'
import { tusTransport } from './tus-transport.ts'
import {
  forgetUnfinished,
  noteFinished,
  noteLeft,
  noteStarted,
  noteUrl,
  rememberUnfinished,
  type Unfinished,
} from './unfinished.ts'

/** What is being sent at the moment. It outlives the page that shows it, so that people can look around meanwhile. */
export interface Sending {
  upload: UploadJson
  token: string
  /** Of an encrypted upload. */
  secret: string | undefined
  /** Nobody has its link yet, so without its files it is of no use. */
  isNew: boolean
  sender: Sender
  /** Files as the server has stored them. */
  stored: Signal<FileJson[]>
}

export const sending = signal<Sending | undefined>(undefined)

/** Makes the upload and starts. Throws `ApiError` when the server does not want it so. */
export async function send(files: readonly ChosenFile[], options: SendOptions): Promise<void> {
  const config = myConfig.value
  if (!config) return
  const encryption = options.encrypt ? await import('../encryption/encryption.ts') : undefined
  const secret = await encryption?.newSecret()
  const prepared = await Promise.all(files.map((file) => prepare(file, secret)))
  const request = requestOf(options, config)
  const upload = await createUpload({
    ...request,
    ...(encryption && secret && request.comments
      ? { comments: await encryption.sealText(request.comments, secret) }
      : {}),
    ...(secret ? { e2ee: 'age' } : {}),
    files: prepared.map(({ chosen, name, type, source }) => ({
      fileName: name,
      fileSize: source.size,
      fileType: type,
      reference: chosen.key,
    })),
  })
  const token = upload.uploadToken ?? ''
  rememberToken(upload.id, token)
  const declared = new Map(upload.files?.map((file) => [file.reference, file]))
  const outgoing = prepared.map((one) => outgoingOf(one, declared.get(one.chosen.key)))
  if (!upload.stream) rememberUnfinished(recordOf(upload, token, secret, prepared, outgoing))
  start({ upload, token, secret, isNew: true }, outgoing)
}

/** More files for an upload that is there. */
export async function addTo(
  upload: UploadJson,
  token: string,
  secret: string | undefined,
  files: readonly ChosenFile[],
): Promise<void> {
  const prepared = await Promise.all(files.map((file) => prepare(file, secret)))
  start(
    { upload, token, secret, isNew: false },
    prepared.map((one) => outgoingOf(one, undefined)),
  )
}

/** Goes on with what an earlier visit left, as far as `files` are those that were chosen then. Throws `ApiError`. */
export async function resume({ uploadId, token, secret, files: left }: Unfinished, files: readonly ChosenFile[]) {
  const upload = await getUpload(uploadId, { token })
  rememberToken(uploadId, token)
  const outgoing = await Promise.all(
    left.flatMap((file) => {
      const chosen = files.find((one) => isSame(one, file))
      return chosen ? [resumed(chosen, file)] : []
    }),
  )
  start({ upload, token, secret, isNew: true }, outgoing)

  async function resumed(chosen: ChosenFile, file: Unfinished['files'][number]): Promise<OutgoingFile> {
    const prepared = await prepare(chosen, secret, file.head)
    const declared = upload.files?.find(({ id }) => id === file.fileId)
    return { ...outgoingOf(prepared, declared), resumeUrl: file.url }
  }
}

const outgoingOf = ({ chosen, name, type, source }: Prepared, declared: FileJson | undefined): OutgoingFile => ({
  key: chosen.key,
  path: chosen.path,
  name: declared?.fileName ?? name,
  fileId: declared?.id,
  type,
  source,
})

function recordOf(
  upload: UploadJson,
  token: string,
  secret: string | undefined,
  prepared: readonly Prepared[],
  outgoing: readonly OutgoingFile[],
): Unfinished {
  const files = outgoing.flatMap(({ fileId, path }, index) => {
    const { chosen, head } = prepared[index] as Prepared
    return fileId === undefined ? [] : [{ fileId, path, size: chosen.bytes.size, ...(head ? { head } : {}) }]
  })
  return { uploadId: upload.id, token, ...(secret ? { secret } : {}), files }
}

function start(about: Omit<Sending, 'sender' | 'stored'>, outgoing: readonly OutgoingFile[]): void {
  const { upload, token } = about
  const stored = signal<FileJson[]>([])
  const transport = upload.stream
    ? plainTransport(upload.id, { token })
    : tusTransport({
        metadata: { uploadId: upload.id, uploadToken: token },
        onUrl: ({ fileId }, url) => fileId && noteUrl(upload.id, fileId, url),
      })
  const refresh = refresher(async () => {
    stored.value = (await getUpload(upload.id, { token })).files ?? []
  })
  const sender = createSender(outgoing, transport, ({ fileId }) => {
    if (fileId) noteFinished(upload.id, fileId)
    refresh()
  })
  sending.value = { ...about, sender, stored }
  noteStarted(upload.id)
  sender.dispatch({ type: 'begin' })
}

/** Runs `work` now, or once more when it is done if it is running: however often it is asked, it never piles up. */
function refresher(work: () => Promise<void>): () => void {
  let state: 'idle' | 'running' | 'asked again' = 'idle'
  async function run(): Promise<void> {
    state = 'running'
    await work().catch(() => {}) // what it shows is no more than nice to know
    const isAskedAgain = (state as string) === 'asked again'
    state = 'idle'
    if (isAskedAgain) await run()
  }
  return () => {
    if (state === 'idle') void run()
    else state = 'asked again'
  }
}

/** On to the link, with what has arrived. */
export function finishSending(): void {
  const done = sending.value
  if (!done) return
  sending.value = undefined
  noteLeft(done.upload.id)
  if (isOnSendPage()) location.assign(linksOf(done.upload, done.secret).page)
}

export async function cancelSending(): Promise<void> {
  const current = sending.value
  if (!current) return
  current.sender.dispatch({ type: 'cancel' })
  if (!current.isNew) return finishSending()
  sending.value = undefined
  forgetUnfinished(current.upload.id)
  await removeUpload(current.upload.id, { token: current.token }).catch(() => {}) // it will expire
}

/** People who went elsewhere meanwhile are left there. */
const isOnSendPage = (): boolean => route.value.path === '/' && !route.value.query.has('id')
