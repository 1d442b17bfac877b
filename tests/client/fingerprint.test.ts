import { randomBytes } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { beginsWith, coveredBy, type Fingerprint, NOTHING_SENT, notedSource } from '../../client/src/fingerprint.ts'
import { blobSource, type SizedSource } from '../../client/src/source.ts'

const BLOCK = 4 * 1024 * 1024
const SIZE = 2 * BLOCK + 1

/** What was noted once the first `end` bytes were handed out; read ahead of them is all the rest. */
async function notedAfter(content: Buffer<ArrayBuffer>, end: number, known = NOTHING_SENT) {
  const notes: Fingerprint[] = []
  const source = notedSource(sourceOf(content), known, (fingerprint) => void notes.push(fingerprint))
  const slice = await source.slice(0, end)
  return { first: notes[0] as Fingerprint, slice: Buffer.from(await slice.arrayBuffer()) }
}

const sourceOf = (...content: Buffer<ArrayBuffer>[]) => blobSource(new Blob(content))

const changedAt = (content: Buffer<ArrayBuffer>, index: number): SizedSource => {
  const changed = Buffer.from(content)
  changed[index] = (changed[index] as number) ^ 1
  return sourceOf(changed)
}

describe('a fingerprint', () => {
  test.each([
    [1, 1, BLOCK],
    [BLOCK, 1, BLOCK],
    [BLOCK + 1, 2, 2 * BLOCK],
    [SIZE, 3, SIZE],
  ])('is noted before %d bytes are handed out, of the %d blocks they are in', async (end, blocks, covered) => {
    const content = randomBytes(SIZE)

    const { first, slice } = await notedAfter(content, end)

    expect(first.blocks).toBe(blocks)
    expect(coveredBy(first, SIZE)).toBe(covered)
    expect(slice.equals(content.subarray(0, end))).toBe(true)
  })

  test('knows the start that it was taken of, and nothing of what comes after', async () => {
    const content = randomBytes(SIZE)
    const { first } = await notedAfter(content, BLOCK)

    expect(await beginsWith(sourceOf(content), first)).toBe(true)
    expect(await beginsWith(changedAt(content, BLOCK), first)).toBe(true)
    expect(await beginsWith(changedAt(content, 0), first)).toBe(false)
    expect(await beginsWith(changedAt(content, BLOCK - 1), first)).toBe(false)
  })

  test('tells blocks apart that have changed places', async () => {
    const [one, two] = [randomBytes(BLOCK), randomBytes(BLOCK)]
    const { first } = await notedAfter(Buffer.concat([one, two]), 2 * BLOCK)

    expect(await beginsWith(sourceOf(one, two), first)).toBe(true)
    expect(await beginsWith(sourceOf(two, one), first)).toBe(false)
    expect(await beginsWith(sourceOf(one), first)).toBe(false)
  })

  test('that is continued is the same as one that was taken at once', async () => {
    const content = randomBytes(SIZE)
    const half = await notedAfter(content, BLOCK)
    const whole = await notedAfter(content, SIZE)

    const rest = await notedAfter(content, SIZE, half.first)

    expect(rest.first).toEqual(whole.first)
  })

  test('of a file that can no longer be read is not noted, and neither is it sent', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mayfly-gone-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'gone.bin'), 'x')
    const bytes = await openAsBlob(join(folder, 'gone.bin'))
    await rm(join(folder, 'gone.bin'))
    const notes: Fingerprint[] = []
    const source = notedSource(blobSource(bytes), NOTHING_SENT, (fingerprint) => void notes.push(fingerprint))

    await expect(source.slice(0, 1)).rejects.toThrow()
    expect(notes).toEqual([])
  })
})
