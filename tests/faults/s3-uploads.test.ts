import { beforeAll, describe, expect, test } from 'vitest'
import { memoryMiB } from '../bench/processes.ts'
import { isInstalled } from '../helpers/programs.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { type S3Bucket, s3Settings } from '../helpers/s3-server.ts'
import { sharedBucket } from '../helpers/shared-bucket.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

const SENDERS = 40
/** Nearly a part, so that nothing of it can be sent on. */
const SENT = Buffer.alloc(7_000_000, 'part')

describe.skipIf(!isInstalled('ceph'))('with the bytes in a bucket', () => {
  let s3: S3Bucket

  beforeAll(async () => {
    s3 = await sharedBucket()
  })

  test('senders that stop in the middle of a part neither fill the memory nor block others', {
    timeout: 120_000,
  }, async () => {
    const server = await spawnServer({
      ...s3Settings(s3),
    })
    const put = (body: string) => fetch(`${server.url}/file.txt`, { method: 'PUT', body })
    await put('warm')
    const before = memoryMiB(server.pid).now

    const senders = await Promise.all(
      Array.from({ length: SENDERS }, async () => {
        const sender = await rawClient(server.url)
        await sender.send(`PUT /part.bin HTTP/1.1\r\nHost: h\r\nContent-Length: ${SENT.length + 4}\r\n\r\n`)
        await sender.send(SENT)
        return sender
      }),
    )

    expect((await put('ordinary')).status).toBe(200)
    expect(memoryMiB(server.pid).peak - before).toBeLessThan(260)
    const last = senders.at(-1)
    await last?.send('last')
    const { pathname } = new URL((await last?.answer())?.body.trim() ?? '')
    const stored = Buffer.from(await (await fetch(`${server.url}${pathname}`)).arrayBuffer())
    expect(stored.equals(Buffer.concat([SENT, Buffer.from('last')]))).toBe(true)
  })
})
