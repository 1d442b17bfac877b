import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { onTestFinished } from 'vitest'

export interface AskedFor {
  url: string
  method: string
  headers?: Record<string, string>
  body?: string | Uint8Array | undefined
}

const CODE = `
  const { parentPort } = require('node:worker_threads')
  parentPort.on('message', async ({ url, ...init }) => {
    try {
      const response = await fetch(url, init)
      const text = await response.text()
      parentPort.postMessage({ status: response.status, length: text.length, text: text.slice(0, 2000) })
    } catch (error) {
      parentPort.postMessage({ status: 0, length: 0, text: String(error.cause ?? error) })
    }
  })`

/** A client in a thread of its own: what it costs is not counted as the server's, which runs in this one. */
export function startClientThread() {
  const worker = new Worker(CODE, { eval: true })
  onTestFinished(() => void worker.terminate())
  return async (asked: AskedFor): Promise<{ status: number; length: number; text: string }> => {
    worker.postMessage(asked)
    const [answer] = await once(worker, 'message')
    return answer
  }
}

/**
 * The longest time, in ms of CPU, for which the event loop of this thread served nobody else while `act` ran. A busy
 * machine makes everything take longer, but not more CPU.
 */
export async function longestHold(act: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let before = cpuMs()
  const beat = setInterval(() => {
    const now = cpuMs()
    longest = Math.max(longest, now - before)
    before = now
  }, 1)
  await act()
  await sleep(2) // one more beat
  clearInterval(beat)
  return longest
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
