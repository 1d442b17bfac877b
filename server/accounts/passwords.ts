import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import pLimit from 'p-limit'
import { verifyImported } from './imported-passwords.ts'

/**
 * Passwords at rest: argon2id with OWASP's parameters (19 MiB, 2 passes), 54 ms each on the thread pool, written as PHC
 * strings so that the parameters can grow while old hashes still verify.
 */
const PARAMETERS = { memory: 19_456, passes: 2, parallelism: 1 }
const TAG_LENGTH = 32
/** Each verification uses 19 MiB and a processor, therefore guesses must queue here and not in the shared thread pool. */
const oneOfFew = pLimit(availableParallelism())
const derive = promisify(argon2)

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const tag = await tagOf(password, salt, PARAMETERS)
  const { memory, passes, parallelism } = PARAMETERS
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`
}

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** Returns false also if `hash` is neither one of this server's nor an imported one. */
export const verifyPassword = async (password: string, hash: string): Promise<boolean> =>
  (await verifyImported(password, hash, verifyOwn)) ?? verifyOwn(password, hash)

async function verifyOwn(password: string, hash: string): Promise<boolean> {
  const [, memory, passes, parallelism, salt, tag] = PHC.exec(hash) ?? []
  if (!salt || !tag) return false
  const expected = Buffer.from(tag, 'base64')
  const parameters = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  return timingSafeEqual(await tagOf(password, Buffer.from(salt, 'base64'), parameters), expected)
}

/** NFKC, as in RFC 8265: the same password typed on different keyboards gives the same bytes. */
function tagOf(password: string, nonce: Buffer, parameters: typeof PARAMETERS): Promise<Buffer> {
  const message = Buffer.from(password.normalize('NFKC'))
  return oneOfFew(() => derive('argon2id', { message, nonce, tagLength: TAG_LENGTH, ...parameters }))
}

/** PHC strings have no padding. */
const base64 = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
