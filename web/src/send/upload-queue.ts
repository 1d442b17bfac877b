/**
 * The state of the files of an upload. Pure: `step` takes an event and returns the new state and the actions to take. Sending
 * bytes is up to a transport.
 */

export type FileState =
  | 'waiting' // not started yet
  | 'sending'
  | 'stalled' // the connection is lost; the transport tries again
  | 'paused'
  | 'done'
  | 'failed'
  | 'cancelled'

export interface QueuedFile {
  key: string
  name: string
  /** Bytes to send, and the part of them that the server has. */
  size: number
  sent: number
  state: FileState
  /** Set while it is stalled if the server asks to wait (epoch ms). */
  until?: number | undefined
  /** Why it failed or is stalled. */
  error?: unknown
  /** The file has changed since an earlier visit started it, so it is sent from the beginning. */
  isChanged?: boolean
}

export type QueueEvent =
  | { type: 'begin' }
  | { type: 'progress'; key: string; sent: number }
  | { type: 'stalled'; key: string; until?: number | undefined; error?: unknown }
  | { type: 'done'; key: string }
  | { type: 'failed'; key: string; error: unknown }
  /** Without a key: all files. */
  | { type: 'pause' | 'continue' | 'cancel'; key?: string }

export interface Step {
  files: QueuedFile[]
  /** Keys of files to send or resume. */
  start: string[]
  /** Keys of files to stop; they may be resumed. */
  stop: string[]
  /** Keys of cancelled files. */
  discard: string[]
}

const isUnderWay = ({ state }: QueuedFile): boolean => state === 'sending' || state === 'stalled'
const isOpen = (file: QueuedFile): boolean => isUnderWay(file) || file.state === 'waiting'

/** `parallel`: how many files are sent at the same time. */
export function step(files: readonly QueuedFile[], event: QueueEvent, parallel: number): Step {
  const changed = files.map((file) => (concerns(event, file) ? after(file, event) : file))
  const free = parallel - changed.filter(isUnderWay).length
  const start = free > 0 ? changed.filter(({ state }) => state === 'waiting').slice(0, free) : []
  const became = (state: FileState) =>
    files.filter((file, index) => file.state !== state && changed[index]?.state === state)
  return {
    files:
      start.length > 0 ? changed.map((file) => (start.includes(file) ? { ...file, state: 'sending' } : file)) : changed,
    start: start.map(({ key }) => key),
    stop: became('paused')
      .filter(isUnderWay)
      .map(({ key }) => key),
    discard: became('cancelled').map(({ key }) => key),
  }
}

const concerns = (event: QueueEvent, file: QueuedFile): boolean =>
  event.type !== 'begin' && (event.key === undefined || event.key === file.key)

function after(file: QueuedFile, event: QueueEvent): QueuedFile {
  switch (event.type) {
    case 'begin':
      return file
    case 'progress':
      return isUnderWay(file) ? { ...file, state: 'sending', sent: event.sent } : file
    case 'stalled':
      return isUnderWay(file) ? { ...file, state: 'stalled', until: event.until, error: event.error } : file
    case 'done':
      return isUnderWay(file) ? { ...file, state: 'done', sent: file.size } : file
    case 'failed':
      return isUnderWay(file) ? { ...file, state: 'failed', error: event.error } : file
    case 'pause':
      return isOpen(file) ? { ...file, state: 'paused' } : file
    case 'continue':
      return file.state === 'paused' || file.state === 'failed' ? withoutError({ ...file, state: 'waiting' }) : file
    case 'cancel':
      return file.state === 'done' ? file : { ...file, state: 'cancelled' }
  }
}

function withoutError({ error: _error, ...file }: QueuedFile): QueuedFile {
  return file
}

export interface Total {
  sent: number
  size: number
  state: 'sending' | 'stalled' | 'paused' | 'failed' | 'done'
}

/** The first of these states that a file is in decides on the state of the upload. */
const DECISIVE = ['sending', 'stalled', 'paused', 'waiting', 'failed'] as const

/** Progress of all files except cancelled ones. */
export function totalOf(files: readonly QueuedFile[]): Total {
  let [sent, size] = [0, 0]
  const states = new Set<FileState>()
  for (const file of files) {
    if (file.state === 'cancelled') continue
    sent += file.sent
    size += file.size
    states.add(file.state)
  }
  const state = DECISIVE.find((one) => states.has(one)) ?? 'done'
  return { sent, size, state: state === 'waiting' ? 'sending' : state }
}
