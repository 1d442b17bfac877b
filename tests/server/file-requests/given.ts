import { jsonOf } from '../../helpers/answers.ts'
import { type CreatedUpload, createUpload, fileForm } from '../../helpers/client.ts'
import type { TestApp } from '../../helpers/make-app.ts'

/** Requests and guests, over real HTTP. */

export interface CreatedRequest {
  id: string
  requestToken: string
  link: string
  [key: string]: unknown
}

type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

export const tokenHeader = ({ uploadToken }: CreatedUpload) => ({ 'X-UploadToken': uploadToken })

export const createRequest = (app: TestApp, upload: CreatedUpload, options: object = {}): Promise<Response> =>
  fetch(`${app.url}/upload/${upload.id}/requests`, {
    method: 'POST',
    headers: tokenHeader(upload),
    body: JSON.stringify(options),
  })

export const revokeRequest = (app: TestApp, upload: CreatedUpload, id: string): Promise<Response> =>
  fetch(`${app.url}/upload/${upload.id}/requests/${id}`, { method: 'DELETE', headers: tokenHeader(upload) })

/** What the uploader sees. */
export async function listRequests(app: TestApp, upload: CreatedUpload) {
  const answer = fetch(`${app.url}/upload/${upload.id}/requests`, { headers: tokenHeader(upload) })
  return (await jsonOf<{ requests: Record<string, unknown>[] }>(answer)).requests
}

/** The upload as its uploader sees it. */
export const seen = (app: TestApp, upload: CreatedUpload) =>
  jsonOf<{ files: Record<string, unknown>[] }>(
    fetch(`${app.url}/upload/${upload.id}`, { headers: tokenHeader(upload) }),
  )

/** A guest, who has only the token of a request. */
export function guestWith(app: TestApp, token: string) {
  const headers = { 'X-RequestToken': token }
  return {
    info: () => fetch(`${app.url}/request`, { headers }),
    put: (name: string, body: Body) =>
      fetch(`${app.url}/request/${name}`, { method: 'PUT', headers, body, duplex: 'half' } as RequestInit),
    post: (content: string, name = 'file.txt') =>
      fetch(`${app.url}/request`, { method: 'POST', headers, body: fileForm(content, name) }),
  }
}

/** An upload, a request for files to it, and a guest. */
export async function givenGuest(app: TestApp, options: object = {}, uploadOptions: object = {}) {
  const upload = await createUpload(app, uploadOptions)
  const request = await jsonOf<CreatedRequest>(createRequest(app, upload, options))
  return { upload, request, guest: guestWith(app, request.requestToken) }
}

/** A body that has begun and continues when it is told to. */
export function heldBody(start: string) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given
      given.enqueue(Buffer.from(start))
    },
  })
  const finish = (rest: string) => {
    controller?.enqueue(Buffer.from(rest))
    controller?.close()
  }
  return { body, finish, fail: () => controller?.error(new Error('gone')) }
}
