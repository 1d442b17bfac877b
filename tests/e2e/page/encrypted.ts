import { Encrypter, identityToRecipient } from 'age-encryption'
import { HEAD_BYTES } from '../../../client/src/age-layout.ts'
import { toBase64Url } from '../../../client/src/base64.ts'
import { newKey, sealName, sealText } from '../../../client/src/encryption.ts'
import { listedFile, sealManifest, textDigest } from '../../../client/src/manifest.ts'
import { addFile, createUpload } from '../../helpers/client.ts'

/** Encrypted uploads, as the page makes them and as others do. */

export interface EncryptedFile {
  path: string
  content: string | Uint8Array
  /** Changes the ciphertext in transit. */
  spoil?: (sealed: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>
}

/** As the page makes it. `link` opens it. With `manifest: ''` as it was made before there were manifests. */
export async function givenEncrypted(
  app: { url: string },
  files: EncryptedFile[],
  { message, ...options }: { message?: string; [option: string]: unknown } = {},
) {
  const secret = await newKey()
  const comments = message === undefined ? '' : await sealText(message, secret)
  const sealedFiles = await Promise.all(files.map((file) => sealedFile(file, secret)))
  const manifest = sealManifest(
    { version: 1, message: textDigest(comments), files: sealedFiles.map(({ listed }) => listed) },
    secret,
  )
  const upload = await createUpload(app, { e2ee: 'age', manifest, comments, ...options })
  for (const { name, bytes } of sealedFiles) {
    const response = await addFile(app, upload, bytes, name)
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  }
  const query = { id: upload.id, ...(upload.manifest ? { e2ee: '2' } : {}), key: secret }
  return { upload, secret, link: `${app.url}/#/?${new URLSearchParams(query)}` }
}

async function sealedFile({ path, content, spoil = unchanged }: EncryptedFile, secret: string) {
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(secret))
  const bytes = await sealed(encrypter, content)
  const name = sealName(path, secret)
  const listed = listedFile(name, toBase64Url(bytes.subarray(0, HEAD_BYTES)), Buffer.byteLength(content))
  return { name, listed, bytes: spoil(bytes) }
}

/** As created by `age -p`: with another header, and readable names. */
export async function givenEncryptedElsewhere(
  app: { url: string },
  names: string[],
  content: string,
  passphrase: string,
): Promise<{ link: string }> {
  const upload = await createUpload(app, { e2ee: 'age' })
  for (const name of names) {
    const encrypter = new Encrypter()
    encrypter.setPassphrase(passphrase)
    encrypter.setScryptWorkFactor(10)
    await addFile(app, upload, await sealed(encrypter, content), `${name}.age`)
  }
  return { link: `${app.url}/#/?id=${upload.id}&key=${encodeURIComponent(passphrase)}` }
}

const sealed = async (encrypter: Encrypter, content: string | Uint8Array): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await encrypter.encrypt(content))

const unchanged = (sealed: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => sealed

/** One bit of the end is another. */
export function flipped(sealed: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  sealed[sealed.length - 1] = (sealed.at(-1) as number) ^ 1
  return sealed
}
