import { assertOpens } from '../../../client/src/encryption.ts'
import { isListedHead } from '../../../client/src/manifest.ts'
import { readStart } from '../lib/api.ts'
import { fileUrl } from './links.ts'
import { isLimited, needsHttps, type View, type ViewFile } from './view.ts'

/** Number of bytes read of each file: enough for the header of an age file. */
const START_BYTES = 512
const PARALLEL = 3

/**
 * - `verified`: names, sizes, order and the beginning of each file match the manifest; the rest is checked during the download
 * - `incomplete`: the same, but some listed files are missing
 * - `listed`: names, sizes and order match the manifest; reading the files would use up a download
 * - `unlisted`: the key opens every file, but there is no manifest that binds names to contents
 * - `refuted`: `files` do not match the manifest
 * - `unread`: nothing was read, since that would use up a download; `unreachable`: a file could not be read
 */
export interface Verdict {
  state: 'verified' | 'incomplete' | 'listed' | 'unlisted' | 'refuted' | 'unread' | 'unreachable' | 'insecure'
  /** Paths of the affected files. */
  files: string[]
}

/** Reads the stored files and compares them with the sender's manifest. */
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

/** Files that do not begin as listed, as far as they can be read. */
async function refutedOf(view: View): Promise<{ refuted: ViewFile[]; isReachable: boolean }> {
  const queue = view.files.filter(({ isThere }) => isThere)
  const refuted = new Set<ViewFile>()

  async function work(): Promise<void> {
    for (let one = queue.shift(); one; one = queue.shift()) if (!(await beginsAsItShould(view, one))) refuted.add(one)
  }

  const all = await Promise.allSettled(Array.from({ length: PARALLEL }, work))
  return {
    refuted: view.files.filter((file) => refuted.has(file)),
    isReachable: all.every(({ status }) => status === 'fulfilled'),
  }
}

/** The last byte of a small file is not read, because that would count as a download. Throws `MayflyError`. */
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
