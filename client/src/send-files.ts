import type { Connection } from './connection.ts'
import { nameOfPath } from './file-name.ts'
import { beginsWith, NOTHING_SENT, notedSource } from './fingerprint.ts'
import { inParallel } from './in-parallel.ts'
import { createPieceSizer } from './piece-size.ts'
import type { RetryOptions } from './retry.ts'
import { createSealer, type Sealer } from './sealer.ts'
import type { OutgoingFile, SizedSource, Source } from './source.ts'
import { sendByTus, type TusTarget } from './tus.ts'
import type { FileState, SaveState, StateKeeper, UploadState } from './upload-state.ts'

/** Sends the missing bytes of a list of files, several files at a time. */

export interface UploadHooks extends RetryOptions {
  onProgress?: (progress: UploadProgress) => void
  signal?: AbortSignal
  /** Called with the state that has to be stored to resume in another process; awaited before the bytes that it describes are sent. */
  onState?: SaveState
  /** The last state passed to `onState`. Files are recognised by name, size, time and content. */
  resume?: UploadState
  /** Number of files sent at the same time; 3 by default. */
  parallel?: number
  /** Maximum bytes of one request, 16 MiB by default; less if a proxy rejects them. */
  pieceBytes?: number
}

export interface UploadProgress {
  /** Bytes sent, of all files. Encrypted files are slightly larger than their originals. */
  sent: number
  /** Undefined: one of the files is a stream. */
  total: number | undefined
  files: readonly FileProgress[]
}

export interface FileProgress {
  name: string
  sent: number
  total: number | undefined
}

/** `place`: the file declared on the server, which may have changed the name. */
export function newFileState(
  { name, modified, source }: OutgoingFile,
  sentName: string,
  place?: { id: string; fileName: string },
): FileState {
  return {
    name,
    size: source.size ?? null,
    ...(modified === undefined ? {} : { modified }),
    sentName: place?.fileName ?? sentName,
    ...(place ? { fileId: place.id } : {}),
  }
}

interface Job {
  files: readonly OutgoingFile[]
  keeper: StateKeeper
  target: TusTarget
}

/** Sends every file that the server does not have completely; files missing in the state are added to it. */
export async function sendFiles(
  connection: Connection,
  { files, keeper, target }: Job,
  hooks: UploadHooks,
): Promise<void> {
  const { parallel = 3, pieceBytes, signal, onProgress } = hooks
  const pieces = createPieceSizer(pieceBytes)
  const sealer = keeper.state.key === undefined ? undefined : await createSealer(connection, keeper, signal)
  const outgoing = await matched(files, keeper, sealer)
  const progress = outgoing.map(({ file, state }) => ({
    name: file.name,
    sent: state.isDone ? (file.source.size ?? 0) : 0,
    total: file.source.size,
  }))
  const tell = (): void => onProgress?.(sumOf(progress))
  tell()
  const indexed = outgoing.map((one, index) => ({ ...one, index })).filter(({ state }) => !state.isDone)
  await inParallel(indexed, parallel, signal, async ({ file, state, index }, ended) => {
    const { source, url } = await prepared(file, state, keeper, sealer)
    const own = progress[index] as FileProgress
    const update = (sent: number): void => {
      Object.assign(own, { sent, total: source.size })
      tell()
    }
    await sendByTus(
      {
        name: state.sentName,
        type: sealer ? '' : (file.type ?? ''),
        fileId: state.fileId,
        source,
        url,
      },
      { connection, target, retry: hooks, pieces, signal: ended },
      { onUrl: (found) => keeper.change(() => Object.assign(state, { url: found })), onSent: update },
    )
    await keeper.change(() => noteDone(state))
  })
}

function noteDone(state: FileState): void {
  state.isDone = true
  for (const name of ['url', 'fingerprint', 'head'] as const) delete state[name]
}

/** Each file with its state. */
async function matched(files: readonly OutgoingFile[], { state, change }: StateKeeper, sealer: Sealer | undefined) {
  const free = [...state.files]
  const added: FileState[] = []
  const pairs = files.map((file) => {
    const index = free.findIndex((one) => isSame(one, file))
    const found = index === -1 ? undefined : free.splice(index, 1)[0]
    if (found) return { file, state: found }
    const fresh = newFileState(file, sealer?.sealName(file.name) ?? nameOfPath(file.name))
    added.push(fresh)
    return { file, state: fresh }
  })
  if (added.length > 0) await change(() => state.files.push(...added))
  return pairs
}

const isSame = ({ name, size, modified }: FileState, file: OutgoingFile): boolean =>
  name === file.name && size === (file.source.size ?? null) && modified === file.modified

/** The bytes to send, and the URL to resume at if an earlier attempt sent the same bytes. */
async function prepared(
  { source }: OutgoingFile,
  state: FileState,
  keeper: StateKeeper,
  sealer: Sealer | undefined,
): Promise<{ source: Source; url: string | undefined }> {
  if (!hasSize(source)) return { source: sealer ? await sealer.sealStream(source, state) : source, url: undefined }
  if (!(await beginsWith(source, state.fingerprint ?? NOTHING_SENT)))
    for (const name of ['url', 'fingerprint', 'head', 'isListed'] as const) delete state[name]
  const noted = notedSource(source, state.fingerprint ?? NOTHING_SENT, (fingerprint) =>
    keeper.change(() => {
      state.fingerprint = fingerprint
    }),
  )
  return { source: sealer ? await sealer.sealFile(noted, state) : noted, url: state.url }
}

const hasSize = (source: Source): source is SizedSource => source.size !== undefined

function sumOf(files: readonly FileProgress[]): UploadProgress {
  const sum = (numbers: (number | undefined)[]): number | undefined =>
    numbers.reduce((total, count) => (total === undefined || count === undefined ? undefined : total + count), 0)
  return {
    sent: sum(files.map(({ sent }) => sent)) ?? 0,
    total: sum(files.map(({ total }) => total)),
    files: files.map((file) => ({ ...file })),
  }
}
