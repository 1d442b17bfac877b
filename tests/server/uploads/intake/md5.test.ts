import { createHash, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createMd5 } from '../../../../server/uploads/intake/md5.ts'

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')

async function digestInChunks(bytes: Uint8Array, chunkBytes: number): Promise<string> {
  const digest = createMd5()
  for (let start = 0; start < bytes.length; start += chunkBytes) {
    await digest.update(bytes.subarray(start, start + chunkBytes))
  }
  return digest.digest()
}

test.for([0, 1, 262_143, 262_144, 262_145, 266_000, 5_000_001])('%i bytes have their MD5', async (size) => {
  const bytes = randomBytes(size)

  expect(await digestInChunks(bytes, 65_536)).toBe(md5(bytes))
})

test('chunks of any size make the same digest', async () => {
  const bytes = randomBytes(1_000_000)

  expect(await digestInChunks(bytes, 999)).toBe(md5(bytes))
  expect(await digestInChunks(bytes, 700_000)).toBe(md5(bytes))
})

test('parallel uploads do not mix, and an interrupted one does not affect the others', async () => {
  const uploads = Array.from({ length: 20 }, () => randomBytes(600_000))
  const broken = createMd5()
  void broken.update(randomBytes(300_000))
  broken.drop()

  const digests = await Promise.all(uploads.map((bytes) => digestInChunks(bytes, 65_536)))

  expect(digests).toEqual(uploads.map(md5))
})
