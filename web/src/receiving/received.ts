import { signal } from '@preact/signals'
import { type Access, ApiError, getUpload } from '../api.ts'
import { isEncrypted, type View, viewOf } from './view.ts'

/** The upload that is looked at. */
export type Received =
  | { state: 'loading' }
  | { state: 'open'; view: View }
  /** Behind a password, or encrypted with a key that is not at hand. `isWrong`: the one that was given is not it. */
  | { state: 'locked'; needs: 'password' | 'key'; isWrong: boolean }
  | { state: 'gone' }
  | { state: 'failed'; error: unknown }

/** Plik's login where people were asked for a password only. */
const LOGIN = 'plik'

export function createReceived(id: string, token: string | undefined, givenSecret: string | undefined) {
  const received = signal<Received>({ state: 'loading' })
  let access: Access = { token }
  let secret = givenSecret

  /** What the server has now; what was shown stays until it is here. */
  async function load(): Promise<void> {
    try {
      const upload = await getUpload(id, access)
      received.value =
        isEncrypted(upload) && secret === undefined
          ? { state: 'locked', needs: 'key', isWrong: false }
          : await viewOf(upload, access, secret).then(
              (view) => ({ state: 'open', view }),
              () => ({ state: 'locked', needs: 'key', isWrong: true }),
            )
    } catch (error) {
      received.value = failure(error)
    }
  }

  function failure(error: unknown): Received {
    if (!(error instanceof ApiError)) return { state: 'failed', error }
    if (error.status === 401) return { state: 'locked', needs: 'password', isWrong: access.password !== undefined }
    if (error.status === 404) return { state: 'gone' }
    return { state: 'failed', error }
  }

  /** Tries a password or a key, whichever was asked for. */
  function unlock(text: string): Promise<void> {
    if (received.value.state === 'locked' && received.value.needs === 'key') secret = text.trim()
    else access = { token, password: { login: LOGIN, password: text } }
    return load()
  }

  return { received, load, unlock }
}
