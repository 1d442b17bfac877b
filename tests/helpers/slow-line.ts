import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

export interface SlowLine {
  /** The server's address, by way of this line. */
  url: string
  /** What goes to the server from now on, in bytes per second and connection. */
  limit(bytesPerSecond: number): void
  /** The same for what the server answers. */
  limitAnswers(bytesPerSecond: number): void
  /** Ends every connection, and takes no new one until `mend`. */
  cut(): void
  mend(): void
}

/** A TCP proxy in front of a server on this machine, to be slowed and cut in the middle. The server may come after it. */
export async function slowLine(server: () => string): Promise<SlowLine> {
  const sockets = new Set<Socket>()
  const rates = { requests: Number.POSITIVE_INFINITY, answers: Number.POSITIVE_INFINITY }
  let isCut = false

  async function carry(from: Socket, to: Socket, what: keyof typeof rates): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (!to.write(chunk)) await once(to, 'drain')
      if (Number.isFinite(rates[what])) await sleep((chunk.length / rates[what]) * 1000)
    }
    to.end()
  }

  const line = createServer((near) => {
    if (isCut) return near.resetAndDestroy()
    const { hostname, port } = new URL(server())
    const far = createConnection({ host: hostname, port: Number(port) })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => [near, far].forEach((one) => void one.destroy()))
      socket.on('close', () => sockets.delete(socket))
    }
    // The other side reports their ends.
    carry(far, near, 'answers').catch(() => {})
    carry(near, far, 'requests').catch(() => {})
  })
  line.listen(0, '127.0.0.1')
  await once(line, 'listening')
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(() => {
    cut()
    line.close()
  })
  return {
    url: `http://127.0.0.1:${(line.address() as AddressInfo).port}`,
    limit: (bytesPerSecond) => {
      rates.requests = bytesPerSecond
    },
    limitAnswers: (bytesPerSecond) => {
      rates.answers = bytesPerSecond
    },
    cut,
    mend: () => {
      isCut = false
    },
  }
}
