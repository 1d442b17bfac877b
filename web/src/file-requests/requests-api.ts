import type { guestJson, requestJson } from '../../../server/file-requests/file-request-shapes.ts'
import { type Access, accessHeaders, call, json } from '../lib/api.ts'

/** Requests about file requests. Every function throws `MayflyError`. */

export type RequestJson = ReturnType<typeof requestJson>
/** What guests can see of a file request. */
export type GuestJson = ReturnType<typeof guestJson>

export interface NewRequest {
  title: string
  comments: string
  /** 0: no limit. */
  maxFiles: number
  maxSize: number
  /** Seconds; 0: as long as the upload. */
  ttl: number
}

const requestsPath = (uploadId: string): string => `upload/${encodeURIComponent(uploadId)}/requests`

export const listRequests = async (uploadId: string, access: Access): Promise<RequestJson[]> =>
  (await json<{ requests: RequestJson[] }>(requestsPath(uploadId), { headers: accessHeaders(access) })).requests

/** The answer contains the token; the server does not return it again. */
export const createRequest = (
  uploadId: string,
  request: NewRequest,
  access: Access,
): Promise<RequestJson & { requestToken: string }> =>
  json(requestsPath(uploadId), { method: 'POST', headers: accessHeaders(access), body: JSON.stringify(request) })

export const revokeRequest = (uploadId: string, id: string, access: Access): Promise<unknown> =>
  call(`${requestsPath(uploadId)}/${id}`, { method: 'DELETE', headers: accessHeaders(access) })

export const inspectRequest = (token: string): Promise<GuestJson> =>
  json('request', { headers: { 'X-RequestToken': token } })
