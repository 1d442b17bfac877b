/**
 * Run as a process of its own by the store tests: puts and gets one large blob and prints by how much memory grew.
 * `node memory-of-store.ts <StoreOptions as JSON> <bytes>`
 */
import { newBlobKey } from '../../server/lib/ids.ts'
import { openStore } from '../../storage/open-store.ts'

const CHUNK_BYTES = 64 * 1024

async function* zeros(length: number): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < length; sent += CHUNK_BYTES) yield Buffer.alloc(CHUNK_BYTES)
}

async function pass(length: number): Promise<number> {
  const key = newBlobKey()
  await store.put(key, zeros(length))
  let read = 0
  for await (const chunk of await store.get(key)) read += chunk.length
  return read
}

const peakMib = (): number => Math.round(process.resourceUsage().maxRSS / 1024)

const store = await openStore(JSON.parse(process.argv[2] ?? ''))
await pass(20 * CHUNK_BYTES)
const before = peakMib()
const read = await pass(Number(process.argv[3]))
console.log(JSON.stringify({ read, grownMib: peakMib() - before }))
await store.close()
