import { toBase64 } from './base64.ts'

/** SHA-256 of bytes in memory or of a stream. */

export interface Hasher {
  update(chunk: Uint8Array): void
  /** Base64. To be called only once. */
  digest(): string
}

/** The part of Node's API used here, which Deno and Bun also have; bundlers see no import. */
interface Runtime {
  getBuiltinModule?: (name: 'node:crypto') => {
    createHash(name: 'sha256'): { update(chunk: Uint8Array): void; digest(encoding: 'base64'): string }
  }
}

/** Uses the runtime's implementation if it has one; browsers can't hash streams, so JavaScript does it there. */
export async function createHasher(): Promise<Hasher> {
  const runtime = (globalThis as { process?: Runtime }).process
  const native = runtime?.getBuiltinModule?.('node:crypto').createHash('sha256')
  if (native) return { update: (chunk) => void native.update(chunk), digest: () => native.digest('base64') }
  const { sha256 } = await import('@noble/hashes/sha2.js')
  const hash = sha256.create()
  return { update: (chunk) => void hash.update(chunk), digest: () => toBase64(hash.digest()) }
}

/** Of bytes in memory. Without `crypto.subtle`, as in browsers over plain HTTP, it is computed in JavaScript. */
export async function sha256Of(bytes: ArrayBuffer): Promise<Uint8Array> {
  if (globalThis.crypto.subtle) return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return (await import('@noble/hashes/sha2.js')).sha256(new Uint8Array(bytes))
}

/** The SHA-256 in `Repr-Digest` (RFC 9530), base64; undefined: none. */
export const announcedSha256 = (headers: Headers): string | undefined =>
  /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(headers.get('Repr-Digest') ?? '')?.[1]
