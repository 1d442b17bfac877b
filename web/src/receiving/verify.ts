import { readFile } from '../api.ts'
import { fileUrl } from './links.ts'
import { isLimited, needsHttps, type View, type ViewFile } from './view.ts'

/** Of the header of an age file, and more: so much is read of each. */
const START_BYTES = 512
const PARALLEL = 3

/** `unread`: reading would use up a download; `unreachable`: nothing is known, since something could not be read just now. */
type Verdict = 'verified' | 'refuted' | 'unread' | 'unreachable' | 'insecure'

/**
 * Reads again what the server holds: whether every file begins as an age file that this key opens. All but the last byte of a
 * small file is read, since the server counts a download by that.
 */
export async function verify(view: View): Promise<Verdict> {
  const { secret, upload } = view
  if (secret === undefined) return 'refuted'
  if (needsHttps(view)) return 'insecure'
  if (isLimited(upload)) return 'unread'
  const queue = view.files.filter(({ isThere }) => isThere)
  let isRefuted = false

  async function check({ file }: ViewFile): Promise<void> {
    const end = Math.min(START_BYTES, file.fileSize - 2)
    const response = await readFile(fileUrl(upload, file), view.access, { start: 0, end })
    const start = new Uint8Array(await response.arrayBuffer())
    const { assertOpens } = await import('../encryption/encryption.ts')
    await assertOpens(start, secret as string).catch(() => {
      isRefuted = true
    })
  }

  async function work(): Promise<void> {
    for (let file = queue.shift(); file; file = queue.shift()) await check(file)
  }

  const all = await Promise.allSettled(Array.from({ length: PARALLEL }, work))
  if (isRefuted) return 'refuted'
  return all.every(({ status }) => status === 'fulfilled') ? 'verified' : 'unreachable'
}
