import { ImageProblem } from './image.ts'

interface Options {
  /** Number of parallel jobs; plus one for an owner who has none running. */
  parallelism: number
  /** Maximum number of waiting jobs. */
  queueLimit: number
  /** Maximum number of waiting jobs of one owner. */
  ownerLimit?: number
  /** Maximum time that a job may wait. */
  waitMs: number
  /** Maximum time that a job may run. */
  timeoutMs: number
}

/** The client that a job is done for. */
export interface Claimant {
  /** Jobs of the same owner are counted together. */
  owner?: string | undefined
  /** Aborts when the result is no longer needed. */
  signal?: AbortSignal | undefined
}

interface Waiting {
  owner: string
  start: () => Promise<void>
}

export type Slots = ReturnType<typeof createSlots>

/** Runs a few heavy jobs in parallel, fairly distributed among their owners, with time limits for waiting and running. */
export function createSlots({ parallelism, queueLimit, ownerLimit = queueLimit, waitMs, timeoutMs }: Options) {
  const waiting: Waiting[] = []
  const running: string[] = []

  /**
   * Throws an `ImageProblem` if too many jobs are waiting or the time is over, and `signal.reason` if that aborts. It
   * throws at once, but a thread of libvips can't always be stopped, so the slot stays occupied until `work` has really
   * ended. `work` gets a signal that tells it to stop.
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

  /** The owner with the fewest running jobs is next; among these, the oldest job. */
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

const busy = () => new ImageProblem('busy', 'too many images at once')

function remove<T>(list: T[], element: T): void {
  const index = list.indexOf(element)
  if (index !== -1) list.splice(index, 1)
}
