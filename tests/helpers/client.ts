/** What tests ask of a server over real HTTP. */

type Server = { url: string }

export interface CreatedUpload {
  id: string
  uploadToken: string
  files: { id: string; fileName: string; status: string; reference: string }[] | null
  [key: string]: unknown
}

export async function createUpload(app: Server, body: object = {}): Promise<CreatedUpload> {
  const response = await fetch(`${app.url}/upload`, { method: 'POST', body: JSON.stringify(body) })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as CreatedUpload
}

/** A form with one part named `file`. */
export function fileForm(content: string | Uint8Array<ArrayBuffer>, name = 'file.txt'): FormData {
  const form = new FormData()
  form.append('file', new Blob([content]), name)
  return form
}

/** Adds a file with the upload token; returns the raw answer. */
export function addFile(
  app: Server,
  upload: CreatedUpload,
  content: string | Uint8Array<ArrayBuffer>,
  name = 'file.txt',
): Promise<Response> {
  const headers = { 'X-UploadToken': upload.uploadToken }
  return fetch(`${app.url}/file/${upload.id}`, { method: 'POST', headers, body: fileForm(content, name) })
}

/** An upload with one finished file; `url` is the file's link. */
export async function givenFile(
  app: Server,
  options: object = {},
  content: string | Uint8Array<ArrayBuffer> = 'hello',
  name = 'file.txt',
) {
  const upload = await createUpload(app, options)
  const response = await addFile(app, upload, content, name)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const file = (await response.json()) as { id: string; fileName: string }
  return { upload, file, url: `${app.url}/file/${upload.id}/${file.id}/${encodeURIComponent(name)}` }
}
