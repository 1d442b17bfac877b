import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { sealedSize } from '../../client/src/age-layout.ts'
import { newKey, sealFile, sealName } from '../../client/src/encryption.ts'
import {
  checkedHead,
  compareFiles,
  isListedHead,
  type ListedFile,
  listedFile,
  type Manifest,
  openManifest,
  sealManifest,
  tagOf,
} from '../../client/src/manifest.ts'
import { bytesOf, sourceOf } from './given.ts'

interface Given {
  stored: { fileName: string; fileSize: number; isGone?: boolean }
  listed: ListedFile
}

const given = (path: string, size: number, secret: string): Given => {
  const name = sealName(path, secret)
  return {
    stored: { fileName: name, fileSize: sealedSize(size) },
    listed: listedFile(name, randomBytes(184).toString('base64url'), size),
  }
}

const compared = (stored: Given['stored'][], files: ListedFile[]) =>
  compareFiles(stored, ({ isGone = false }) => !isGone, { files })

test('a manifest of a thousand files comes back, and takes as little as the server allows', async () => {
  const secret = await newKey()
  const files = Array.from({ length: 1000 }, (_, i) => given(`${i}`, 1e13 + i, secret).listed)
  const manifest: Manifest = { version: 7, message: 'digest', files }

  const sealed = sealManifest(manifest, secret)

  expect(openManifest(sealed, secret)).toEqual(manifest)
  expect(sealed).toMatch(/^[\w-]+$/)
  expect(sealed.length).toBeLessThan(1024 + 1000 * 128)
})

test('a manifest opens with no other secret, nor when anything of it was changed', async () => {
  const secret = await newKey()
  const sealed = sealManifest({ version: 1, message: '', files: [] }, secret)
  const other = await newKey()

  expect(() => openManifest(sealed, other)).toThrow()
  expect(() => openManifest(`${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`, secret)).toThrow()
  expect(() => openManifest(sealName('a', secret).replace('.age', ''), secret)).toThrow()
})

test('the tag of a manifest is its SHA-256 in quotes', () => {
  expect(tagOf('abc')).toBe('"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"')
})

test('what is as it was listed is shown in the order of the manifest, whatever the order of the server', async () => {
  const secret = await newKey()
  const [one, two] = [given('one', 1, secret), given('two', 2, secret)]

  const { files, absent } = compared([two.stored, one.stored], [one.listed, two.listed])

  expect(files.map(({ file }) => file)).toEqual([one.stored, two.stored])
  expect(files.map(({ isForeign }) => isForeign)).toEqual([false, false])
  expect(absent).toBe(0)
})

test('a file is foreign that was not listed, has another size, or is there twice', async () => {
  const secret = await newKey()
  const [one, two] = [given('one', 1, secret), given('two', 2, secret)]
  const copy = { ...one.stored }
  const resized = { ...two.stored, fileSize: two.stored.fileSize + 1 }
  const added = given('added', 3, secret).stored

  const { files } = compared([added, one.stored, copy, resized], [one.listed, two.listed])

  expect(files.map(({ file, isForeign }) => [file, isForeign])).toEqual([
    [one.stored, false],
    [copy, true],
    [resized, true],
    [added, true],
  ])
})

test('a missing file is not foreign, and files that the server does not have are counted', async () => {
  const secret = await newKey()
  const [one, two, three] = [given('one', 1, secret), given('two', 2, secret), given('three', 3, secret)]
  const gone = { ...one.stored, fileSize: 0, isGone: true }
  const unlisted = { ...three.stored, isGone: true }

  const { files, absent } = compared([gone, unlisted], [one.listed, two.listed])

  expect(files.map(({ isForeign }) => isForeign)).toEqual([false, false])
  expect(absent).toBe(1)
})

test('a file is known by its head, before anything of it passes', async () => {
  const secret = await newKey()
  const { source, head } = await sealFile(sourceOf(new Blob([randomBytes(1000)])), secret)
  const other = await sealFile(sourceOf(new Blob([randomBytes(1000)])), secret)
  const listed = listedFile('a', head, 1000)
  const sealedBytes = ({ size, slice }: typeof source) => slice(0, size).then(bytesOf)
  const [right, wrong] = [await sealedBytes(source), await sealedBytes(other.source)]
  const inPieces = (bytes: Uint8Array, length: number) =>
    new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(cutting(length))
  const read = async (sealed: ReadableStream<Uint8Array>) =>
    new Uint8Array(await new Response(checkedHead(sealed, listed, () => new Error('foreign'))).arrayBuffer())

  expect(await read(inPieces(right, 50))).toEqual(right)
  await expect(read(inPieces(wrong, 50))).rejects.toThrow('foreign')
  await expect(read(inPieces(right.slice(0, 100), 50))).rejects.toThrow('foreign')
  expect([right, wrong].map((start) => isListedHead(start, listed))).toEqual([true, false])
})

/** Chunks of `length` bytes. */
const cutting = (length: number) =>
  new TransformStream<Uint8Array, Uint8Array>({
    transform(bytes, controller) {
      for (let at = 0; at < bytes.length; at += length) controller.enqueue(bytes.slice(at, at + length))
    },
  })
