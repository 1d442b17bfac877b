import { Encrypter, identityToRecipient } from 'age-encryption'
import { newSecret, sealName } from '../../../web/src/encryption/encryption.ts'
import { addFile, createUpload } from '../../helpers/client.ts'

/** Encrypted uploads, as the page makes them and as others do. */

export interface EncryptedFile {
  path: string
  content: string | Uint8Array
  /** Changes the ciphertext on its way. */
  spoil?: (sealed: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>
}

/** `link` opens it. */
export async function givenEncrypted(app: { url: string }, files: EncryptedFile[], options: object = {}) {
  const secret = await newSecret()
  const upload = await createUpload(app, { e2ee: 'age', ...options })
  for (const { path, content, spoil = unchanged } of files) {
    const encrypter = new Encrypter()
    encrypter.addRecipient(await identityToRecipient(secret))
    const response = await addFile(app, upload, spoil(await sealed(encrypter, content)), sealName(path, secret))
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  }
  return { upload, secret, link: `${app.url}/#/?id=${upload.id}&key=${encodeURIComponent(secret)}` }
}

/** As `age -p` makes them: with another header, under names that anybody can read. */
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
