import { computed, signal } from '@preact/signals'
import type { ChosenFile } from './chosen-files.ts'
import { type Sample, withSample } from './speed.ts'
import type { OutgoingFile, Transfer, Transport } from './transport.ts'
import { type QueuedFile, type QueueEvent, step, totalOf } from './upload-queue.ts'

const PARALLEL = 3

export type Sender = ReturnType<typeof createSender>

export interface Outcome {
  onDone: (file: OutgoingFile) => void
  /** The file was cancelled, and what the transport had started was deleted. */
  onDiscarded?: (file: OutgoingFile) => void
}

/** Runs the queue of one upload: executes the results of `step` and reports progress. */
export function createSender(first: readonly OutgoingFile[], transport: Transport, outcome: Outcome) {
  const outgoing = new Map<string, OutgoingFile>()
  const files = signal<QueuedFile[]>([])
  const total = computed(() => totalOf(files.value))
  const samples = signal<Sample[]>([])
  const transfers = new Map<string, Transfer>()
  enqueue(first)

  function enqueue(more: readonly OutgoingFile[]): void {
    for (const file of more) outgoing.set(file.key, file)
    files.value = [...files.value, ...more.map(queuedOf)]
  }

  function dispatch(event: QueueEvent): void {
    const { files: next, start, stop, discard } = step(files.value, event, PARALLEL)
    files.value = next
    if (event.type === 'progress' || event.type === 'done')
      samples.value = withSample(samples.value, { at: performance.now(), sent: total.value.sent })
    if (event.type === 'pause' || event.type === 'continue' || event.type === 'stalled') samples.value = []
    for (const key of stop) transfers.get(key)?.stop()
    for (const key of discard) void end(key)
    for (const key of start) begin(key)
  }

  function begin(key: string): void {
    const file = fileOf(key)
    const transfer = transport(file, {
      progress: (sent) => dispatch({ type: 'progress', key, sent }),
      stalled: (until, error) => dispatch({ type: 'stalled', key, until, error }),
      failed: (error) => dispatch({ type: 'failed', key, error }),
      done: () => {
        outcome.onDone(file)
        dispatch({ type: 'done', key })
      },
    })
    transfers.set(key, transfer)
  }

  async function end(key: string): Promise<void> {
    const isGone = transfers.get(key)?.discard()
    outcome.onDiscarded?.(fileOf(key))
    await isGone
  }

  const fileOf = (key: string): OutgoingFile => outgoing.get(key) as OutgoingFile

  /** Appends files to the queue. */
  function add(more: readonly OutgoingFile[]): void {
    enqueue(more)
    dispatch({ type: 'begin' })
  }

  /** In the place of one that is not sent after all. */
  async function replace(key: string, file: OutgoingFile): Promise<void> {
    await end(key)
    outgoing.set(file.key, file)
    files.value = files.value.map((one) => (one.key === key ? queuedOf(file) : one))
    dispatch({ type: 'begin' })
  }

  /** What people want to be sent, as they chose it. */
  const wanted = (): ChosenFile[] =>
    files.value.filter(({ state }) => state !== 'cancelled').map(({ key }) => fileOf(key).chosen)

  return { files, total, samples, dispatch, add, replace, wanted }
}

const queuedOf = ({ key, path, source, isChanged = false }: OutgoingFile): QueuedFile => ({
  key,
  name: path,
  size: source.size,
  sent: 0,
  state: 'waiting',
  isChanged,
})
