import { assertOpens } from '../../../client/src/encryption.ts'
import { isListedHead } from '../../../client/src/manifest.ts'
import { readStart } from '../lib/api.ts'
import { fileUrl } from './links.ts'
import { isLimited, needsHttps, type View, type ViewFile } from './view.ts'

/** How many bytes of each file are read: the header of an age file, and more. */
const START_BYTES = 512
const PARALLEL = 3

/**
 * - `verified`: names, sizes and order are the sender's, and every file begins as listed; what follows is checked as it is read
 * - `incomplete`: the same, but some listed files are not here
 * - `listed`: names, sizes and order are the sender's; reading the files would use up a download
 * - `unlisted`: every file opens with the key, but nothing says which content belongs to which name
 * - `refuted`: `files` are not the sender's
 * - `unread`: nothing was read, since that would use up a download; `unreachable`: something could not be read just now
 */
export interface Verdict {
  state: 'verified' | 'incomplete' | 'listed' | 'unlisted' | 'refuted' | 'unread' | 'unreachable' | 'insecure'
  /** Paths. */
  files: string[]
}

/** Reads again what the server holds, and compares it with what the sender listed. */
export async function verify(view: View): Promise<Verdict> {
  const { manifest, absent, files } = view
  if (needsHttps(view)) return { state: 'insecure', files: [] }
  const foreign = files.filter(({ isForeign }) => isForeign)
  const { refuted, isReachable } = isLimited(view.upload) ? { refuted: [], isReachable: true } : await refutedOf(view)
  if (foreign.length + refuted.length > 0)
    return { state: 'refuted', files: [...foreign, ...refuted].map(({ path }) => path) }
  return {
    state: isReachable ? stateOf(manifest !== undefined, isLimited(view.upload), absent) : 'unreachable',
    files: [],
  }
}

function stateOf(isListed: boolean, isUnread: boolean, absent = 0): Verdict['state'] {
  if (!isListed) return isUnread ? 'unread' : 'unlisted'
  if (absent > 0) return 'incomplete'
  return isUnread ? 'listed' : 'verified'
}

/** Which files do not begin as they should, as far as they can be read just now. */
async function refutedOf(view: View): Promise<{ refuted: ViewFile[]; isReachable: boolean }> {
  const queue = view.files.filter(({ isThere }) => isThere)
  const refuted: ViewFile[] = []

  async function work(): Promise<void> {
    for (let one = queue.shift(); one; one = queue.shift()) if (!(await beginsAsItShould(view, one))) refuted.push(one)
  }

  const all = await Promise.allSettled(Array.from({ length: PARALLEL }, work))
  return { refuted, isReachable: all.every(({ status }) => status === 'fulfilled') }
}

/** All but the last byte of a small file is read, since the server counts a download by that. Throws `MayflyError`. */
async function beginsAsItShould({ upload, access, secret = '' }: View, { file, listed }: ViewFile): Promise<boolean> {
  const end = Math.min(START_BYTES, file.fileSize - 2)
  const start = await readStart(fileUrl(upload, file), access, end)
  if (listed) return isListedHead(start, listed)
  try {
    await assertOpens(start, secret)
    return true
  } catch {
    return false
  }
}
