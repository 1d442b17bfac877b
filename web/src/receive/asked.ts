import { MayflyError } from '../../../client/src/errors.ts'
import { type Access, getUpload, type UploadJson } from '../lib/api.ts'

/** What a link leads to, as the server has it. */

/** Nothing that can't be an id is asked for: it may hold the rest of a link. */
async function ask(id: string, access: Access): Promise<UploadJson> {
  if (!/^\w+$/.test(id)) throw new MayflyError({ code: 'upload_not_found', status: 404, detail: 'not found' })
  return getUpload(id, access)
}

let early: { id: string; token: string | undefined; answer: Promise<UploadJson> } | undefined

/** Asks while the code that shows the answer is still loaded, which saves a round trip. */
export function askEarly(id: string, token: string | undefined): void {
  early = { id, token, answer: ask(id, { token }) }
  early.answer.catch(() => {}) // whoever wants the answer sees why there is none
}

/** The early answer serves once. Throws `MayflyError`. */
export function uploadOf(id: string, access: Access): Promise<UploadJson> {
  const asked = early
  early = undefined
  const isSame = asked?.id === id && asked.token === access.token && access.password === undefined
  return isSame ? asked.answer : ask(id, access)
}
