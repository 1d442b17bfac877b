import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

export interface SlowLine {
  /** The server's address, by way of this line. */
  url: string
  /** What goes to the server from now on, in bytes per second and connection. */
  limit(bytesPerSecond: number): void
  /** Ends every connection, and takes no new one until `mend`. */
  cut(): void
  mend(): void
}

/** A TCP proxy in front of a server on this machine, to be slowed and cut in the middle. The server may come after it. */
export async function slowLine(server: () => string): Promise<SlowLine> {
  const sockets = new Set<Socket>()
  let rate = Number.POSITIVE_INFINITY
  let isCut = false

  async function carry(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      if (!to.write(chunk)) await once(to, 'drain')
      if (Number.isFinite(rate)) await sleep((chunk.length / rate) * 1000)
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
    far.pipe(near)
    carry(near, far).catch(() => {}) // its end is told by the other side
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
      rate = bytesPerSecond
    },
    cut,
    mend: () => {
      isCut = false
    },
  }
}
