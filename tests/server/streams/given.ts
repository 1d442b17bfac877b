import { expect } from 'vitest'
import { type CreatedUpload, createUpload, fileForm } from '../../helpers/client.ts'
import { waitFor } from '../../helpers/wait.ts'

/** A stream upload with one declared file, and its link. */
export async function givenStream(server: { url: string }, ofFile: object = {}, ofUpload: object = {}) {
  const upload = await createUpload(server, {
    ...ofUpload,
    stream: true,
    files: [{ fileName: 'a.bin', reference: '0', ...ofFile }],
  })
  const id = upload.files?.[0]?.id as string
  return { upload, id, url: `${server.url}/file/${upload.id}/${id}/a.bin` }
}

/** Starts sending and waits until the server holds the sender. */
export async function givenSender(
  server: { url: string },
  upload: CreatedUpload,
  id: string,
  content: Uint8Array<ArrayBuffer>,
  signal?: AbortSignal,
) {
  const answer = fetch(`${server.url}/stream/${upload.id}/${id}/a.bin`, {
    method: 'POST',
    headers: { 'X-UploadToken': upload.uploadToken },
    body: fileForm(content, 'a.bin'),
    ...(signal ? { signal } : {}),
  })
  answer.catch(() => {}) // a test that is about the reader may leave it alone
  await waitFor(async () => expect(await statusOf(server, upload)).toBe('uploading'))
  return { answer }
}

export async function statusOf(server: { url: string }, { id }: CreatedUpload): Promise<string | undefined> {
  const upload = (await (await fetch(`${server.url}/upload/${id}`)).json()) as CreatedUpload
  return upload.files?.[0]?.status
}
