import { readFile } from '../api.ts'
import { fileUrl } from './links.ts'
import { isLimited, type View, type ViewFile } from './view.ts'

/** Of the header of an age file, and more: so much is read of each. */
const START_BYTES = 512
const PARALLEL = 3

/**
 * Reads again what the server holds: whether every file begins as an age file that this key opens. `unread`: reading would use
 * up a download, so only names and message were opened. All but the last byte of a small file is read, since the server counts
 * a download by that.
 */
export async function verify(view: View): Promise<'verified' | 'unread' | 'refuted'> {
  const { secret, upload } = view
  if (secret === undefined) return 'refuted'
  if (isLimited(upload)) return 'unread'
  const { assertOpens } = await import('../encryption/encryption.ts')
  const queue = view.files.filter(({ isThere }) => isThere)

  async function check({ file }: ViewFile): Promise<void> {
    const end = Math.min(START_BYTES, file.fileSize - 2)
    const response = await readFile(fileUrl(upload, file), view.access, { start: 0, end })
    await assertOpens(new Uint8Array(await response.arrayBuffer()), secret as string)
  }

  async function work(): Promise<void> {
    for (let file = queue.shift(); file; file = queue.shift()) await check(file)
  }

  try {
    await Promise.all(Array.from({ length: PARALLEL }, work))
    return 'verified'
  } catch {
    return 'refuted'
  }
}
