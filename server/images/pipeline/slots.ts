import { ImageProblem } from './image.ts'

interface Options {
  /** Pieces of work at a time; and one more for an owner who has none running. */
  parallelism: number
  /** As many more may wait. */
  queueLimit: number
  /** Of these, as many of one owner. */
  ownerLimit?: number
  /** For a piece of work, until its turn comes. */
  waitMs: number
  /** For a piece of work, once its turn has come. */
  timeoutMs: number
}

/** For whom work is done. */
export interface Claimant {
  /** Whose work counts together. */
  owner?: string | undefined
  /** Nobody waits for the result any more. */
  signal?: AbortSignal | undefined
}

interface Waiting {
  owner: string
  start: () => Promise<void>
}

export type Slots = ReturnType<typeof createSlots>

/** Runs heavy work a few pieces at a time, in turns for those who want it, with an end to waiting and to working. */
export function createSlots({ parallelism, queueLimit, ownerLimit = queueLimit, waitMs, timeoutMs }: Options) {
  const waiting: Waiting[] = []
  const running: string[] = []

  /**
   * Throws an `ImageProblem` when too many wait already or the time is up, and `signal.reason` when that aborts; the answer
   * comes at once, but a thread of libvips can't always be stopped, so the slot stays taken until `work` has really ended.
   * `work` gets a signal that tells it to stop.
   */
  function run<T>(work: (stop: AbortSignal) => Promise<T>, { owner = '', signal }: Claimant = {}): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (!mayStart(owner) && isFull(owner)) return Promise.reject(busy())
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const stop = new AbortController()
    const leave = () => stop.abort(signal?.reason)
    const timer = setTimeout(() => stop.abort(busy()), waitMs)
    const piece: Waiting = {
      owner,
      start: () => {
        clearTimeout(timer)
        return timed(stop, work).then(resolve, reject)
      },
    }
    signal?.addEventListener('abort', leave)
    stop.signal.addEventListener('abort', () => {
      remove(waiting, piece)
      reject(stop.signal.reason)
    })
    const forget = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', leave)
    }
    promise.then(forget, forget)
    waiting.push(piece)
    startNext()
    return promise
  }

  const runningOf = (owner: string): number => running.filter((one) => one === owner).length
  const mayStart = (owner: string): boolean =>
    running.length < parallelism || (running.length === parallelism && !running.includes(owner))
  const isFull = (owner: string): boolean =>
    waiting.length >= queueLimit || waiting.filter((piece) => piece.owner === owner).length >= ownerLimit

  /** Whoever has the least running is next; among those, whoever came first. */
  function startNext(): void {
    const candidates = waiting.filter(({ owner }) => mayStart(owner))
    const fewest = Math.min(...candidates.map(({ owner }) => runningOf(owner)))
    const next = candidates.find(({ owner }) => runningOf(owner) === fewest)
    if (!next) return
    remove(waiting, next)
    running.push(next.owner)
    void next.start().finally(() => {
      remove(running, next.owner)
      startNext()
    })
  }

  async function timed<T>(stop: AbortController, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    const problem = new ImageProblem('slow', `it took longer than ${timeoutMs / 1000} seconds`)
    const timer = setTimeout(() => stop.abort(problem), timeoutMs)
    return await work(stop.signal).finally(() => clearTimeout(timer))
  }

  return { run }
}

const busy = () => new ImageProblem('busy', 'too many images came at once')

function remove<T>(list: T[], element: T): void {
  const index = list.indexOf(element)
  if (index !== -1) list.splice(index, 1)
}
