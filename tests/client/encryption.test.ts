import { randomBytes } from 'node:crypto'
import { Decrypter } from 'age-encryption'
import { describe, expect, test } from 'vitest'
import { openedEnd, openedSize, sealedSize } from '../../client/src/age-layout.ts'
import { assertOpens, newKey, openName, openText, sealFile, sealName, sealText } from '../../client/src/encryption.ts'
import { bytesOf, sourceOf } from './given.ts'

async function opened(sealed: Uint8Array, secret: string): Promise<Buffer> {
  const decrypter = new Decrypter()
  decrypter.addIdentity(secret)
  return Buffer.from(await decrypter.decrypt(sealed))
}

describe('a sealed file', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])('of %d bytes is what age makes of it', async (size) => {
    const secret = await newKey()
    const content = randomBytes(size)

    const { source } = await sealFile(sourceOf(new Blob([content])), secret)
    const sealed = await bytesOf(await source.slice(0, source.size))

    expect(sealed).toHaveLength(source.size)
    expect(await opened(sealed, secret)).toEqual(content)
    expect([sealedSize(size), openedSize(source.size)]).toEqual([source.size, size])
  })

  test('is the same in parts, from any byte to any byte', async () => {
    const secret = await newKey()
    const { source } = await sealFile(sourceOf(new Blob([randomBytes(200_000)])), secret)
    const whole = await bytesOf(await source.slice(0, source.size))
    const cuts = [0, 1, 183, 184, 185, 65_735, 65_736, 65_737, 150_000, source.size]

    const parts = await Promise.all(cuts.slice(1).map((cut, index) => source.slice(cuts[index] as number, cut)))

    expect(Buffer.concat(await Promise.all(parts.map(bytesOf)))).toEqual(Buffer.from(whole))
  })

  test('is the same again when it is begun with the same head, and another when not', async () => {
    const secret = await newKey()
    const content = new Blob([randomBytes(70_000)])
    const first = await sealFile(sourceOf(content), secret)
    const wholeOf = async ({ source }: typeof first) => Buffer.from(await bytesOf(await source.slice(0, source.size)))

    const again = await sealFile(sourceOf(content), secret, first.head)
    const other = await sealFile(sourceOf(content), secret)

    expect(await wholeOf(again)).toEqual(await wholeOf(first))
    expect((await wholeOf(other)).equals(await wholeOf(first))).toBe(false)
  })

  test.each([
    [0, 0],
    [184, 0],
    [185, 65_536],
    [184 + 65_552, 65_536],
    [184 + 65_553, 131_072],
  ])('of which %d bytes are known tells of %d bytes at most', (sealedEnd, plainEnd) => {
    expect(openedEnd(sealedEnd)).toBe(plainEnd)
  })

  test('begins with a header that its own secret opens, and no other', async () => {
    const secret = await newKey()
    const { source } = await sealFile(sourceOf(new Blob(['x'])), secret)
    const start = await bytesOf(await source.slice(0, 190))

    await expect(assertOpens(start, secret)).resolves.toBeUndefined()
    await expect(assertOpens(start, await newKey())).rejects.toThrow()
    await expect(assertOpens(new TextEncoder().encode('plain text'), secret)).rejects.toThrow()
  })
})

describe('a sealed name', () => {
  test.each(['a.txt', 'trip/day 1/你好.jpg', 'x'.repeat(300)])('%s comes back, and tells little', async (path) => {
    const secret = await newKey()

    const name = sealName(path, secret)

    expect(openName(name, secret)).toBe(path)
    expect(name).toMatch(/^[\w-]+\.age$/)
    expect(sealName(path, secret)).not.toBe(name)
  })

  test('has a length that grows in steps of 32 bytes', async () => {
    const secret = await newKey()

    expect(sealName('a', secret)).toHaveLength(sealName('x'.repeat(32), secret).length)
    expect(sealName('x'.repeat(33), secret).length).toBeGreaterThan(sealName('x'.repeat(32), secret).length)
  })

  test('does not open with another secret, nor when it was changed', async () => {
    const secret = await newKey()
    const name = sealName('a.txt', secret)
    const other = await newKey()

    expect(openName(name, other)).toBeUndefined()
    expect(openName(name.startsWith('A') ? `B${name.slice(1)}` : `A${name.slice(1)}`, secret)).toBeUndefined()
  })
})

test('a sealed text is armour that age reads', async () => {
  const secret = await newKey()

  const sealed = await sealText('für dich', secret)

  expect(sealed).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/)
  expect(await openText(sealed, secret)).toBe('für dich')
})
