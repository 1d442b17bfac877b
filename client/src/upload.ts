import { sealedSize } from './age-layout.ts'
import type { Connection } from './connection.ts'
import { secondsOf } from './duration.ts'
import { MayflyError } from './errors.ts'
import { nameOfPath } from './file-name.ts'
import { persistently } from './retry.ts'
import { newFileState, sendFiles, type UploadHooks } from './send-files.ts'
import type { UploadJson } from './shapes.ts'
import { type FileInput, type OutgoingFile, outgoingFile } from './source.ts'
import { fetchUpload, type UploadInfo, uploadInfo } from './upload-info.ts'
import { createStateKeeper, type StateKeeper, type UploadState } from './upload-state.ts'

/** A new upload, or the rest of one that was interrupted. */

export interface UploadOptions {
  /** Time to live: seconds, or such as `12h` or `30d`; -1: for ever, where the server allows it. */
  ttl?: number | string
  /** Every file can be downloaded once. */
  oneShot?: boolean
  /** Every file can be downloaded this many times. */
  maxDownloads?: number
  /** Anybody with the link may remove it. */
  removable?: boolean
  /** Every access starts the time to live anew. */
  extendTtl?: boolean
  password?: string
  /** Asked for together with the password; `plik` unless given. */
  login?: string
  /** A text for the readers, Markdown. */
  comments?: string
  /** `false` keeps pictures byte for byte, GPS position and all. */
  normalize?: boolean
  /** Encrypts before anything leaves: the key is in the link only. */
  encrypt?: boolean
}

/** Resolves when every file is whole on the server. Throws `MayflyError`, or the reason of `signal`. */
export async function upload(
  connection: Connection,
  inputs: Iterable<FileInput>,
  options: UploadOptions = {},
  hooks: UploadHooks = {},
): Promise<UploadInfo> {
  const files = Array.from(inputs, outgoingFile)
  const keeper = (await resumed(connection, hooks)) ?? (await begun(connection, files, options, hooks))
  const { uploadId = '', token = '', key } = keeper.state
  const target = { headers: {}, metadata: { uploadId, uploadToken: token } }
  await sendFiles(connection, { files, keeper, target }, hooks)
  const find = () => fetchUpload(connection, { server: connection.url, uploadId }, { token }, hooks.signal)
  return uploadInfo(connection.url, await persistently(find, hooks, hooks.signal), { token, key })
}

/** Undefined: there is nothing to resume, or the upload is gone. */
async function resumed(
  connection: Connection,
  { resume, onState, signal }: UploadHooks,
): Promise<StateKeeper | undefined> {
  if (resume?.uploadId === undefined) return undefined
  const state = structuredClone(resume)
  try {
    const found = await fetchUpload(
      connection,
      { server: connection.url, uploadId: resume.uploadId },
      { token: resume.token },
      signal,
    )
    noteArrived(state, found)
    return createStateKeeper(state, onState)
  } catch (error) {
    if (error instanceof MayflyError && error.status === 404) return undefined
    throw error
  }
}

/** What is whole on the server does not have to be sent, whether or not the answer that said so was lost. */
function noteArrived({ files }: UploadState, upload: UploadJson): void {
  const arrived = new Set(upload.files?.filter(({ status }) => status === 'uploaded').map(({ id }) => id))
  for (const file of files) if (file.fileId !== undefined && arrived.has(file.fileId)) file.isDone = true
}

async function begun(
  connection: Connection,
  files: readonly OutgoingFile[],
  options: UploadOptions,
  { onState, signal }: UploadHooks,
): Promise<StateKeeper> {
  const encryption = options.encrypt ? await import('./encryption.ts') : undefined
  const key = await encryption?.newKey()
  const sentNames = files.map(({ name }) => (encryption && key ? encryption.sealName(name, key) : nameOfPath(name)))
  const comments =
    options.comments && encryption && key ? await encryption.sealText(options.comments, key) : options.comments
  const declared = files.map(({ type = '', source: { size } }, index) => ({
    fileName: sentNames[index],
    fileType: key === undefined ? type : '',
    fileSize: size === undefined ? 0 : key === undefined ? size : sealedSize(size),
    reference: String(index),
  }))
  const { ttl, extendTtl, encrypt, ...plain } = options
  const created = await connection.json<UploadJson>('upload', {
    method: 'POST',
    signal,
    body: JSON.stringify({
      ...plain,
      ...(ttl === undefined ? {} : { ttl: secondsOf(ttl) }),
      ...(extendTtl === undefined ? {} : { extend_ttl: extendTtl }),
      ...(comments ? { comments } : {}),
      ...(encrypt ? { e2ee: 'age' } : {}),
      files: declared,
    }),
  })
  const places = new Map(created.files?.map((file) => [file.reference, file]))
  const keeper = createStateKeeper(
    {
      version: 1,
      server: connection.url,
      uploadId: created.id,
      token: created.uploadToken ?? '',
      ...(key === undefined ? {} : { key }),
      files: files.map((file, index) => newFileState(file, sentNames[index] as string, places.get(String(index)))),
    },
    onState,
  )
  await keeper.change(() => {})
  return keeper
}
