import pLimit from 'p-limit'
import { PictureProblem } from './picture.ts'

interface Options {
  /** Pieces of work at a time. */
  parallelism: number
  /** As many more may wait. */
  queueLimit: number
  timeoutMs: number
}

/** Runs heavy work a few pieces at a time, with an end to waiting and to working. */
export function createSlots({ parallelism, queueLimit, timeoutMs }: Options) {
  const limit = pLimit(parallelism)
  let accepted = 0

  /**
   * Throws a `PictureProblem` when too many wait already or the time is up, and `signal.reason` when that aborts; the answer
   * comes at once, but a thread of libvips can't always be stopped, so the slot stays taken until `work` has really ended.
   * `work` gets a signal that tells it not to go on.
   */
  function run<T>(work: (stop: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (accepted >= parallelism + queueLimit)
      return Promise.reject(new PictureProblem('busy', 'too many pictures came at once'))
    accepted += 1
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const stop = new AbortController()
    const leave = () => stop.abort(signal?.reason)
    signal?.addEventListener('abort', leave)
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason))
    void limit(async () => {
      if (!stop.signal.aborted) await timed(stop, work).then(resolve, reject)
      accepted -= 1
      signal?.removeEventListener('abort', leave)
    })
    return promise
  }

  async function timed<T>(stop: AbortController, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
    const problem = new PictureProblem('slow', `it took longer than ${timeoutMs / 1000} seconds`)
    const timer = setTimeout(() => stop.abort(problem), timeoutMs)
    return await work(stop.signal).finally(() => clearTimeout(timer))
  }

  return { run }
}
