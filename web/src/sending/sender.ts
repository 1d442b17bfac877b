import { signal } from '@preact/signals'
import { type Sample, withSample } from './speed.ts'
import type { OutgoingFile, Transfer, Transport } from './transport.ts'
import { type QueuedFile, type QueueEvent, step, totalOf } from './upload-queue.ts'

const PARALLEL = 3

export type Sender = ReturnType<typeof createSender>

/** Runs the queue of one upload: does what `step` says, and shows how far it is. */
export function createSender(
  outgoing: readonly OutgoingFile[],
  transport: Transport,
  onDone: (file: OutgoingFile) => void,
) {
  const files = signal<QueuedFile[]>(
    outgoing.map(({ key, path, source }) => ({ key, name: path, size: source.size, sent: 0, state: 'waiting' })),
  )
  const samples = signal<Sample[]>([])
  const transfers = new Map<string, Transfer>()

  function dispatch(event: QueueEvent): void {
    const { files: next, start, stop, discard } = step(files.value, event, PARALLEL)
    files.value = next
    if (event.type === 'progress' || event.type === 'done')
      samples.value = withSample(samples.value, { at: performance.now(), sent: totalOf(next).sent })
    if (event.type === 'pause' || event.type === 'continue' || event.type === 'stalled') samples.value = []
    for (const key of stop) transfers.get(key)?.stop()
    for (const key of discard) transfers.get(key)?.discard()
    for (const key of start) begin(key)
  }

  function begin(key: string): void {
    const file = outgoing.find((one) => one.key === key) as OutgoingFile
    const transfer = transport(file, {
      progress: (sent) => dispatch({ type: 'progress', key, sent }),
      stalled: () => dispatch({ type: 'stalled', key }),
      failed: (error) => dispatch({ type: 'failed', key, error }),
      done: () => {
        onDone(file)
        dispatch({ type: 'done', key })
      },
    })
    transfers.set(key, transfer)
  }

  return { files, samples, dispatch }
}
