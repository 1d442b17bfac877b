import { signal } from '@preact/signals'
import { MayflyError } from '../../../client/src/errors.ts'
import type { Access, UploadJson } from '../lib/api.ts'
import { uploadOf } from './asked.ts'
import { hasExpired, isEncrypted, plainView, type View } from './view.ts'

/** State of the opened upload. */
export type Received =
  | { state: 'loading' }
  | { state: 'open'; view: View }
  | { state: 'locked'; needs: 'password'; isWrong: boolean }
  /** Encrypted, and the key is missing or wrong. `problem`: the problem with the key in `tried`. */
  | { state: 'locked'; needs: 'key'; problem: 'wrong' | 'cut' | undefined; tried: string }
  /** The upload does not match its link, so nothing of it is shown. */
  | { state: 'refused'; reason: Refusal }
  /** `isOver`: it expired while the page was open. */
  | { state: 'gone'; isOver: boolean }
  | { state: 'failed'; error: unknown }

/**
 * `plain`: it is not encrypted; `unlisted`: it has no manifest; `changed`: encrypted data can't be decrypted although the key is
 * correct; `older`: this tab has seen a newer state.
 */
export type Refusal = 'plain' | 'unlisted' | 'changed' | 'older'

/** The properties of an upload that its link contains. */
export interface Link {
  key: string | undefined
  /** `1`: encrypted; `2`: with a manifest. Undefined: an older link, or not encrypted. */
  e2ee: string | undefined
}

export function createReceived(id: string, token: string | undefined, given: Link) {
  const received = signal<Received>({ state: 'loading' })
  let access: Access = { token }
  let link = given

  /** Loads the upload; the previous state stays until it is loaded. */
  async function load(): Promise<void> {
    received.value = await fetched().then(opened).catch(failure)
  }

  const fetched = (): Promise<UploadJson> => uploadOf(id, access)

  /** Loads an open upload again. If the server can't be reached, the previous state stays. */
  async function refresh(): Promise<void> {
    const before = received.value
    if (before.state !== 'open') return
    const after = await fetched()
      .then((upload) => (isSame(upload, before.view.upload) ? before : opened(upload)))
      .catch((error: unknown) => (error instanceof MayflyError && error.status === 404 ? failure(error) : before))
    if (received.value === before) received.value = after
  }

  async function opened(upload: UploadJson): Promise<Received> {
    const { key, e2ee } = link
    if (!isEncrypted(upload))
      return key || e2ee ? { state: 'refused', reason: 'plain' } : { state: 'open', view: plainView(upload, access) }
    if (!key) return { state: 'locked', needs: 'key', problem: undefined, tried: '' }
    const { openSealed } = await import('./sealed-view.ts')
    return openSealed(upload, access, { secret: key, hasManifest: e2ee === '2' })
  }

  function failure(error: unknown): Received {
    if (!(error instanceof MayflyError)) return { state: 'failed', error }
    if (error.status === 401) return { state: 'locked', needs: 'password', isWrong: access.password !== undefined }
    if (error.status === 404) return { state: 'gone', isOver: isOver(received.value) }
    return { state: 'failed', error }
  }

  function unlock(password: string): Promise<void> {
    access = { token, password }
    return load()
  }

  function tryKey(other: Link): Promise<void> {
    link = { key: other.key, e2ee: other.e2ee ?? link.e2ee }
    return load()
  }

  return { received, load, refresh, unlock, tryKey }
}

const isSame = (one: UploadJson, other: UploadJson): boolean => JSON.stringify(one) === JSON.stringify(other)

function isOver(received: Received): boolean {
  return received.state === 'open' && hasExpired(received.view.upload, Date.now())
}
