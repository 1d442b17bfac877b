import type { Connection } from './connection.ts'
import { secondsOf } from './duration.ts'
import { MayflyError } from './errors.ts'
import { nameOfPath } from './file-name.ts'
import { newFileState, sendFiles, type UploadHooks } from './send-files.ts'
import type { UploadJson } from './shapes.ts'
import { type FileInput, type OutgoingFile, outgoingFile } from './source.ts'
import { fetchInfo, fetchUpload, type UploadInfo } from './upload-info.ts'
import { createStateKeeper, type FileState, type StateKeeper, type UploadState } from './upload-state.ts'

/** Creates an upload, or resumes an interrupted one. */

export interface UploadOptions {
  /** Time to live: seconds, or a duration such as `12h` or `30d`; -1: forever, if the server allows it. */
  ttl?: number | string
  /** Every file can be downloaded once. */
  oneShot?: boolean
  /** Every file can be downloaded this many times. */
  maxDownloads?: number
  /** Anyone with the link may remove it. */
  removable?: boolean
  /** Every access resets the time to live. */
  extendTtl?: boolean
  password?: string
  /** User name for the password; `plik` by default. */
  login?: string
  /** A message for recipients, in Markdown. */
  comments?: string
  /** `false` keeps images unchanged, including their GPS position. */
  normalize?: boolean
  /** Encrypts the files before they are sent: only the link contains the key. Photos and videos keep their metadata. */
  encrypt?: boolean
}

/** Resolves when the server has all files completely. Throws `MayflyError`, or the reason of `signal`. */
export async function upload(
  connection: Connection,
  inputs: Iterable<FileInput>,
  options: UploadOptions = {},
  hooks: UploadHooks = {},
): Promise<UploadInfo> {
  const files = Array.from(inputs, outgoingFile)
  const keeper = (await resumed(connection, hooks)) ?? (await begun(connection, files, options, hooks))
  const { uploadId = '', token = '', key, e2ee } = keeper.state
  const target = { headers: {}, metadata: { uploadId, uploadToken: token } }
  await sendFiles(connection, { files, keeper, target }, hooks)
  const address = { server: connection.url, uploadId }
  return fetchInfo(connection, address, { token, key, e2ee, retry: hooks, signal: hooks.signal })
}

/** Undefined: there is nothing to resume, or the upload no longer exists. */
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

/** Files that the server already has completely are not sent again, even if the response was lost. */
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
  const { ttl, extendTtl, encrypt, comments, ...plain } = options
  const declared = encrypt
    ? await (await import('./sealed-upload.ts')).sealUpload(files, comments)
    : { files: files.map(plainFile), request: comments ? { comments } : {} }
  const created = await connection.json<UploadJson>('upload', {
    method: 'POST',
    signal,
    body: JSON.stringify({
      ...plain,
      ...(ttl === undefined ? {} : { ttl: secondsOf(ttl) }),
      ...(extendTtl === undefined ? {} : { extend_ttl: extendTtl }),
      ...declared.request,
      files: declared.files.map(({ json }, index) => ({ ...json, reference: String(index) })),
    }),
  })
  const places = new Map(created.files?.map((file) => [file.reference, file]))
  const keeper = createStateKeeper(
    {
      version: 1,
      server: connection.url,
      uploadId: created.id,
      token: created.uploadToken ?? '',
      ...('key' in declared ? { key: declared.key, e2ee: '2' } : {}),
      files: files.map((file, index) => {
        const { json, state } = declared.files[index] as DeclaredFile
        return { ...newFileState(file, json.fileName, places.get(String(index))), ...state }
      }),
    },
    onState,
  )
  await keeper.change(() => {})
  return keeper
}

/** A file as declared to the server, with its local state. */
export interface DeclaredFile {
  json: { fileName: string; fileType: string; fileSize: number }
  state: Pick<FileState, 'head' | 'isListed'>
}

const plainFile = ({ name, type = '', source: { size = 0 } }: OutgoingFile): DeclaredFile => ({
  json: { fileName: nameOfPath(name), fileType: type, fileSize: size },
  state: {},
})
