import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { HEAD_BYTES, sealedSize } from './age-layout.ts'
import { fromBase64Url, toBase64Url } from './base64.ts'
import { openBytes, sealBytes } from './sealed-bytes.ts'

/**
 * The content of an encrypted upload, as listed by its sender. The server stores it encrypted and can't create one itself, so
 * swapped names, contents or sizes and restored files are detected. Pure except for random nonces.
 */
export interface Manifest {
  /** Grows with every change. */
  version: number
  /** Digest of the encrypted message; empty: there is none. */
  message: string
  /** In display order. */
  files: ListedFile[]
}

export interface ListedFile {
  /** Digest of the encrypted name, which is unique. */
  name: string
  /**
   * Digest of the age header and nonce. They determine the key of the following bytes, so no other content can be decrypted after
   * them.
   */
  head: string
  /** Size of the decrypted file in bytes. */
  size: number
}

const PURPOSE = 'mayfly manifest'

/** Adds files, replacing entries of the same name. */
export function withListed(files: readonly ListedFile[], added: readonly ListedFile[]): ListedFile[] {
  const others = new Set(files.map(({ name }) => name))
  const inPlace = files.map((file) => added.find(({ name }) => name === file.name) ?? file)
  return [...inPlace, ...added.filter(({ name }) => !others.has(name))]
}

/** `names`: digests, as in the list. */
export const withoutListed = (files: readonly ListedFile[], names: ReadonlySet<string>): ListedFile[] =>
  files.filter(({ name }) => !names.has(name))

/** `head`: header of the encrypted file, base64url. */
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

/** Throws if the secret is wrong or the manifest was changed. */
export function openManifest(sealed: string, secret: string): Manifest {
  const text = new TextDecoder().decode(openBytes(fromBase64Url(sealed), secret, PURPOSE))
  const { files, ...about } = JSON.parse(text) as Omit<Manifest, 'files'> & { files: [string, string, number][] }
  return { ...about, files: files.map(([name, head, size]) => ({ name, head, size })) }
}

/** Identifies the manifest version in requests that replace it (`If-Match`). */
export const tagOf = (sealed: string): string => `"${bytesToHex(sha256(new TextEncoder().encode(sealed)))}"`

interface StoredFile {
  fileName: string
  fileSize: number
}

export interface ComparedFile<F> {
  file: F
  listed: ListedFile | undefined
  /** It is available, but does not match the sender's list: name, size, or listed only once. */
  isForeign: boolean
}

/** Compares the files reported by the server with the sender's list, in the sender's order. */
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

/** Whether the start of a file matches the listed header. */
export const isListedHead = (start: Uint8Array, { head }: ListedFile): boolean =>
  start.length >= HEAD_BYTES && digestOf(start.subarray(0, HEAD_BYTES)) === head

/**
 * Passes the bytes on only after their start was found to match the listed file; otherwise the stream fails with the error that
 * `foreign` returns.
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

/** Digest of an encrypted name or message, as used in manifests. */
export const textDigest = (text: string): string => (text === '' ? '' : digestOf(new TextEncoder().encode(text)))

/** 128 bits: an attacker needs a second preimage, not a collision. */
const digestOf = (bytes: Uint8Array): string => toBase64Url(sha256(bytes).subarray(0, 16))
