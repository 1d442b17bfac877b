import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { HEAD_BYTES, sealedSize } from './age-layout.ts'
import { fromBase64Url, toBase64Url } from './base64.ts'
import { openBytes, sealBytes } from './sealed-bytes.ts'

/**
 * What an encrypted upload holds, as its sender describes it. The server keeps it and can neither read nor make one, so it can't
 * exchange names, contents or sizes, nor bring back what was deleted, without being seen. Pure but for random nonces.
 */
export interface Manifest {
  /** Grows with every change. */
  version: number
  /** Digest of the sealed message; empty: there is none. */
  message: string
  /** In the order in which they are shown. */
  files: ListedFile[]
}

export interface ListedFile {
  /** Digest of its name on the server, which is sealed and used once. */
  name: string
  /** Digest of its age header and nonce. They give the key of what follows, so nothing but this content opens after them. */
  head: string
  /** Bytes, decrypted. */
  size: number
}

const PURPOSE = 'mayfly manifest'

/** With these listed, in place of what was listed under the same names. */
export function withListed(files: readonly ListedFile[], added: readonly ListedFile[]): ListedFile[] {
  const others = new Set(files.map(({ name }) => name))
  const inPlace = files.map((file) => added.find(({ name }) => name === file.name) ?? file)
  return [...inPlace, ...added.filter(({ name }) => !others.has(name))]
}

/** `names`: digests, as they are listed. */
export const withoutListed = (files: readonly ListedFile[], names: ReadonlySet<string>): ListedFile[] =>
  files.filter(({ name }) => !names.has(name))

/** `head`: of the sealed file, in base64url. */
export const listedFile = (sealedName: string, head: string, size: number): ListedFile => ({
  name: textDigest(sealedName),
  head: digestOf(fromBase64Url(head)),
  size,
})

/** Base64url. */
export function sealManifest({ version, message, files }: Manifest, secret: string): string {
  const text = JSON.stringify({ version, message, files: files.map(({ name, head, size }) => [name, head, size]) })
  return toBase64Url(sealBytes(new TextEncoder().encode(text), secret, PURPOSE))
}

/** Throws when the secret does not fit, or it was changed. */
export function openManifest(sealed: string, secret: string): Manifest {
  const text = new TextDecoder().decode(openBytes(fromBase64Url(sealed), secret, PURPOSE))
  const { files, ...about } = JSON.parse(text) as Omit<Manifest, 'files'> & { files: [string, string, number][] }
  return { ...about, files: files.map(([name, head, size]) => ({ name, head, size })) }
}

/** By which the server knows a manifest that is replaced (`If-Match`). */
export const tagOf = (sealed: string): string => `"${bytesToHex(sha256(new TextEncoder().encode(sealed)))}"`

interface StoredFile {
  fileName: string
  fileSize: number
}

export interface ComparedFile<F> {
  file: F
  listed: ListedFile | undefined
  /** It can be fetched, and is not what the sender listed: under this name, in this size, once. */
  isForeign: boolean
}

/** What the server says that it holds beside what the sender listed, in the sender's order. */
export function compareFiles<F extends StoredFile>(
  files: readonly F[],
  isThere: (file: F) => boolean,
  manifest: Pick<Manifest, 'files'>,
): { files: ComparedFile<F>[]; absent: number } {
  const places = new Map(manifest.files.map(({ name }, place) => [name, place]))
  const found = new Set<number>()
  const known = new Set<number>()

  function compare(file: F) {
    const place = places.get(textDigest(file.fileName))
    if (place === undefined) return { file, listed: undefined, isForeign: isThere(file), place: manifest.files.length }
    const listed = manifest.files[place] as ListedFile
    const isForeign = isThere(file) && (found.has(place) || file.fileSize !== sealedSize(listed.size))
    if (isThere(file)) found.add(place)
    known.add(place)
    return { file, listed, isForeign, place }
  }

  const compared = files.map(compare).sort((one, other) => one.place - other.place)
  return {
    files: compared.map(({ place: _place, ...file }) => file),
    absent: manifest.files.length - known.size,
  }
}

/** Whether a file that begins so is the listed one. */
export const isListedHead = (start: Uint8Array, { head }: ListedFile): boolean =>
  start.length >= HEAD_BYTES && digestOf(start.subarray(0, HEAD_BYTES)) === head

/**
 * The same bytes, of which none passes before it is known that they begin as the listed file does; else the stream fails with
 * what `foreign` makes.
 */
export function checkedHead(
  sealed: ReadableStream<Uint8Array>,
  listed: ListedFile,
  foreign: () => Error,
): ReadableStream<Uint8Array> {
  let start: Uint8Array | undefined = new Uint8Array()
  return sealed.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        if (!start) return controller.enqueue(bytes)
        start = new Uint8Array([...start, ...bytes])
        if (start.length < HEAD_BYTES) return
        if (!isListedHead(start, listed)) throw foreign()
        controller.enqueue(start)
        start = undefined
      },
      flush() {
        if (start) throw foreign()
      },
    }),
  )
}

/** Of a sealed name or message, as manifests have it. */
export const textDigest = (text: string): string => (text === '' ? '' : digestOf(new TextEncoder().encode(text)))

/** 128 bits: an attacker needs a second preimage, not a collision. */
const digestOf = (bytes: Uint8Array): string => toBase64Url(sha256(bytes).subarray(0, 16))
