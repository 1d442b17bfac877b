/** tus 1.0.0 request by request. */

type Server = { url: string }
type Headers = Record<string, string>
type Body = string | Uint8Array<ArrayBuffer>

const TUS = { 'Tus-Resumable': '1.0.0' }
const OFFSET_TYPE = { 'Content-Type': 'application/offset+octet-stream' }

export const metadata = (pairs: Record<string, string>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
    .join(',')

export const post = (app: Server, headers: Headers, body?: Body): Promise<Response> =>
  fetch(`${app.url}/tus`, {
    method: 'POST',
    headers: { ...TUS, ...(body === undefined ? {} : OFFSET_TYPE), ...headers },
    ...(body === undefined ? {} : { body }),
  })

export const patch = (url: string, offset: number, body: Body, headers: Headers = {}): Promise<Response> =>
  fetch(url, {
    method: 'PATCH',
    headers: { ...TUS, ...OFFSET_TYPE, 'Upload-Offset': `${offset}`, ...headers },
    body,
  })

export const head = (url: string): Promise<Response> => fetch(url, { method: 'HEAD', headers: TUS })

export const terminate = (url: string): Promise<Response> => fetch(url, { method: 'DELETE', headers: TUS })

/** Where it has come to, or the status of a refusal. */
export async function offsetOf(url: string): Promise<number> {
  const response = await head(url)
  return response.status === 200 ? Number(response.headers.get('upload-offset')) : response.status
}

export interface CreatedResumable {
  url: string
  /** The address of the future file. */
  link: string
  uploadToken: string | null
}

export async function createResumable(
  app: Server,
  length: number,
  pairs: Record<string, string> = {},
): Promise<CreatedResumable> {
  const response = await post(app, {
    'Upload-Length': `${length}`,
    'Upload-Metadata': metadata({ filename: 'file.txt', ...pairs }),
  })
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`)
  return describe(app, response)
}

export function describe(app: Server, { headers }: Response): CreatedResumable {
  return {
    url: new URL(headers.get('location') ?? '', `${app.url}/tus`).href,
    link: headers.get('x-mayfly-link') ?? '',
    uploadToken: headers.get('x-uploadtoken'),
  }
}
