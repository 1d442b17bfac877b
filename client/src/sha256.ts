import { toBase64 } from './base64.ts'

/** SHA-256, of bytes at once or as they pass. */

export interface Hasher {
  update(chunk: Uint8Array): void
  /** Base64. To be called once. */
  digest(): string
}

/** What is used of Node, which Deno and Bun have, too; no bundler sees an import. */
interface Runtime {
  getBuiltinModule?: (name: 'node:crypto') => {
    createHash(name: 'sha256'): { update(chunk: Uint8Array): void; digest(encoding: 'base64'): string }
  }
}

/** The runtime's own where there is one; browsers can only digest what is whole, so JavaScript does it there. */
export async function createHasher(): Promise<Hasher> {
  const runtime = (globalThis as { process?: Runtime }).process
  const native = runtime?.getBuiltinModule?.('node:crypto').createHash('sha256')
  if (native) return { update: (chunk) => void native.update(chunk), digest: () => native.digest('base64') }
  const { sha256 } = await import('@noble/hashes/sha2.js')
  const hash = sha256.create()
  return { update: (chunk) => void hash.update(chunk), digest: () => toBase64(hash.digest()) }
}

/** Of bytes in memory. Over plain HTTP browsers have no cryptography of their own. */
export async function sha256Of(bytes: ArrayBuffer): Promise<Uint8Array> {
  if (globalThis.crypto.subtle) return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return (await import('@noble/hashes/sha2.js')).sha256(new Uint8Array(bytes))
}

/** The SHA-256 that `Repr-Digest` (RFC 9530) announces, base64; undefined: none. */
export const announcedSha256 = (headers: Headers): string | undefined =>
  /(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):/.exec(headers.get('Repr-Digest') ?? '')?.[1]
