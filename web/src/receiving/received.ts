import { signal } from '@preact/signals'
import { type Access, ApiError, getUpload, type UploadJson } from '../api.ts'
import { hasExpired, isEncrypted, type View, viewOf } from './view.ts'

/** The upload that is looked at. */
export type Received =
  | { state: 'loading' }
  | { state: 'open'; view: View }
  /** Behind a password, or encrypted with a key that is not at hand. `isWrong`: the one that was given is not it. */
  | { state: 'locked'; needs: 'password' | 'key'; isWrong: boolean }
  /** `isOver`: its time was up when it went. */
  | { state: 'gone'; isOver: boolean }
  | { state: 'failed'; error: unknown }

/** Plik's login where people were asked for a password only. */
const LOGIN = 'plik'

export function createReceived(id: string, token: string | undefined, givenSecret: string | undefined) {
  const received = signal<Received>({ state: 'loading' })
  let access: Access = { token }
  let secret = givenSecret

  /** What the server has now; what was shown stays until it is here. */
  async function load(): Promise<void> {
    received.value = await getUpload(id, access).then(opened, failure)
  }

  /** Looks whether there is news of an open upload. While the server can't be asked, what was known stays. */
  async function refresh(): Promise<void> {
    const before = received.value
    if (before.state !== 'open') return
    const after = await getUpload(id, access).then(
      (upload) => (isSame(upload, before.view.upload) ? before : opened(upload)),
      (error: unknown) => (error instanceof ApiError && error.status === 404 ? failure(error) : before),
    )
    if (received.value === before) received.value = after
  }

  async function opened(upload: UploadJson): Promise<Received> {
    if (isEncrypted(upload) && secret === undefined) return { state: 'locked', needs: 'key', isWrong: false }
    return viewOf(upload, access, secret).then(
      (view) => ({ state: 'open', view }),
      () => ({ state: 'locked', needs: 'key', isWrong: true }),
    )
  }

  function failure(error: unknown): Received {
    if (!(error instanceof ApiError)) return { state: 'failed', error }
    if (error.status === 401) return { state: 'locked', needs: 'password', isWrong: access.password !== undefined }
    if (error.status === 404) return { state: 'gone', isOver: isOver(received.value) }
    return { state: 'failed', error }
  }

  /** Tries a password or a key, whichever was asked for. */
  function unlock(text: string): Promise<void> {
    if (received.value.state === 'locked' && received.value.needs === 'key') secret = text.trim()
    else access = { token, password: { login: LOGIN, password: text } }
    return load()
  }

  return { received, load, refresh, unlock }
}

const isSame = (one: UploadJson, other: UploadJson): boolean => JSON.stringify(one) === JSON.stringify(other)

function isOver(received: Received): boolean {
  return received.state === 'open' && hasExpired(received.view.upload, Date.now())
}
