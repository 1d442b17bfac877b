import { addFile, createUpload } from '../../helpers/client.ts'
import type { TestApp } from '../../helpers/make-app.ts'

/** Uploads that downloads are tested with. */

/** An upload with one file whose name came as JSON, as it is: in a form, browsers and `fetch` escape `"`. */
export async function givenDeclaredFile(app: TestApp, name: string, content = 'hello') {
  const upload = await createUpload(app, { files: [{ fileName: name }] })
  const id = upload.files?.[0]?.id ?? ''
  const url = `${app.url}/file/${upload.id}/${id}/${encodeURIComponent(name)}`
  const part = `--b\r\nContent-Disposition: form-data; name="file"; filename*=UTF-8''${encodeURIComponent(name)}`
  const headers = { 'X-UploadToken': upload.uploadToken, 'Content-Type': 'multipart/form-data; boundary=b' }
  const response = await fetch(url, { method: 'POST', headers, body: `${part}\r\n\r\n${content}\r\n--b--\r\n` })
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return { upload, url }
}

export interface GivenFile {
  id: string
  url: string
}

/** An upload with several finished files, in order; `archive` is the link to all of them. */
export async function givenFiles(
  app: TestApp,
  options: object,
  files: [name: string, content: string | Uint8Array<ArrayBuffer>][],
) {
  const upload = await createUpload(app, options)
  const added: GivenFile[] = []
  for (const [name, content] of files) {
    const response = await addFile(app, upload, content, name)
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
    const { id } = (await response.json()) as { id: string }
    added.push({ id, url: `${app.url}/file/${upload.id}/${id}/${encodeURIComponent(name)}` })
  }
  return { upload, files: added, archive: `${app.url}/archive/${upload.id}/archive.zip` }
}

/** The status of each file as metadata tells it. */
export async function statusesIn(app: TestApp, uploadId: string): Promise<string[]> {
  const response = await fetch(`${app.url}/upload/${uploadId}`)
  const { files } = (await response.json()) as { files: { status: string }[] }
  return files.map(({ status }) => status)
}
