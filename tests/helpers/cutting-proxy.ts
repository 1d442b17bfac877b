import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface CuttingProxy {
  url: string
  /** After so many bytes from the client each of the next connections is cut, in order; later ones are left alone. */
  cuts: number[]
  /** The same for bytes of the server. */
  answerCuts: number[]
}

/** A bad line to `target`, which is asked for its address at each connection, so that a server may come back elsewhere. */
export async function cuttingProxy(target: () => string): Promise<CuttingProxy> {
  const cuts: number[] = []
  const answerCuts: number[] = []
  const open = new Set<Socket>()
  const proxy = createServer((client) => {
    const { hostname, port } = new URL(target())
    const server = connect({ host: hostname, port: Number(port) })
    const both = [client, server]
    for (const socket of both) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => both.forEach((other) => void other.destroy()))
    }
    passOn(client, server, cuts.shift())
    passOn(server, client, answerCuts.shift())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    proxy.close()
  })
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, cuts, answerCuts }
}

/** Cuts the line after `limit` bytes. */
function passOn(from: Socket, to: Socket, limit = Number.POSITIVE_INFINITY): void {
  let left = limit
  from.on('data', (chunk: Buffer) => {
    if (!to.write(chunk.subarray(0, left))) {
      from.pause()
      to.once('drain', () => from.resume())
    }
    left -= chunk.length
    if (left < 0) to.end(() => from.resetAndDestroy())
  })
}
