import { signal } from '@preact/signals'
import { type Access, ApiError, getUpload, type UploadJson } from '../api.ts'

/** The upload that is looked at. */
export type Received =
  | { state: 'loading' }
  | { state: 'open'; upload: UploadJson; access: Access }
  /** `isWrong`: the one that was given is not it. */
  | { state: 'locked'; isWrong: boolean }
  | { state: 'gone' }
  | { state: 'failed'; error: unknown }

/** Plik's login where people were asked for a password only. */
const LOGIN = 'plik'

export function createReceived(id: string, token: string | undefined) {
  const received = signal<Received>({ state: 'loading' })
  let access: Access = { token }

  /** What the server has now; what was shown stays until it is here. */
  async function load(): Promise<void> {
    try {
      received.value = { state: 'open', upload: await getUpload(id, access), access }
    } catch (error) {
      received.value = failure(error)
    }
  }

  function failure(error: unknown): Received {
    if (!(error instanceof ApiError)) throw error
    if (error.status === 401) return { state: 'locked', isWrong: access.password !== undefined }
    if (error.status === 404) return { state: 'gone' }
    return { state: 'failed', error }
  }

  function unlock(password: string): Promise<void> {
    access = { token, password: { login: LOGIN, password } }
    return load()
  }

  return { received, load, unlock }
}
