import { signal } from '@preact/signals'
import { type Access, createUpload, type FileJson, removeUpload, serverConfig, type UploadJson } from '../api.ts'
import { navigate } from '../router.ts'
import { rememberToken } from '../tokens.ts'
import type { ChosenFile } from './chosen-files.ts'
import { nameOfPath } from './folder-names.ts'
import { requestOf, type SendOptions } from './options.ts'
import { plainTransport } from './plain-transport.ts'
import { createSender, type Sender } from './sender.ts'
import type { Transport } from './transport.ts'

/** What is being sent at the moment. It outlives the page that shows it, so that people can look around meanwhile. */
export interface Sending {
  upload: UploadJson
  sender: Sender
  /** As the server has stored them, by key. */
  stored: Map<string, FileJson>
}

export const sending = signal<Sending | undefined>(undefined)

/** Makes the upload and starts. Throws `ApiError` when the server does not want it so. */
export async function send(files: readonly ChosenFile[], options: SendOptions): Promise<void> {
  const config = serverConfig.value
  if (!config) return
  const upload = await createUpload({
    ...requestOf(options, config),
    files: files.map(({ path, bytes, key }) => ({
      fileName: nameOfPath(path),
      fileSize: bytes.size,
      fileType: bytes.type,
      reference: key,
    })),
  })
  const access: Access = { token: upload.uploadToken }
  rememberToken(upload.id, upload.uploadToken)
  start(upload, files, transportOf(upload, access))
}

function start(upload: UploadJson, files: readonly ChosenFile[], transport: Transport): void {
  const declared = new Map(upload.files?.map((file) => [file.reference, file]))
  const outgoing = files.flatMap(({ key, bytes }) => {
    const file = declared.get(key)
    return file ? [{ key, fileId: file.id, name: file.fileName, type: bytes.type, bytes }] : []
  })
  const stored = new Map<string, FileJson>()
  const sender = createSender(outgoing, transport, (file) => stored.set(file.reference, file))
  sending.value = { upload, sender, stored }
  sender.dispatch({ type: 'begin' })
}

function transportOf(upload: UploadJson, access: Access): Transport {
  return plainTransport(upload.id, access, upload.stream ? 'stream' : 'file')
}

/** On to the link, with what has arrived. */
export function finishSending(): void {
  const { upload } = sending.value ?? {}
  sending.value = undefined
  if (upload) navigate('/', { id: upload.id })
}

/** Nobody has the link yet, so what has arrived is of no use to anybody. */
export async function cancelSending(): Promise<void> {
  const current = sending.value
  if (!current) return
  current.sender.dispatch({ type: 'cancel' })
  sending.value = undefined
  await removeUpload(current.upload.id, { token: current.upload.uploadToken }).catch(() => {}) // it will expire
}
