import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload, createUpload } from '../../helpers/client.ts'
import { asHeld, fourCorners, image, PHONE_EXIF } from '../../helpers/images.ts'
import type { TestApp } from '../../helpers/make-app.ts'

/** Images as people send them, and what the server says of them. */

export interface ImageJson {
  id: string
  fileName: string
  fileSize: number
  fileMd5: string
  fileType: string
  image?: {
    dimensions: [number, number]
    format: string
    status: string
    removed: string[]
    originalSize: number
    reason?: string
  }
}

type Bytes = Uint8Array<ArrayBuffer>
const owned = (bytes: Buffer): Bytes => new Uint8Array(bytes)

/** A JPEG, 48 × 32 with its corners red, green, blue and yellow once it is upright, that says where it was taken. */
export async function phonePhoto(orientation = 1): Promise<Bytes> {
  const stored = image(asHeld(fourCorners(), orientation)).jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
  return owned(await stored.withMetadata({ orientation }).withExifMerge(PHONE_EXIF).toBuffer())
}

/** A logo, 64 × 64: a square of `colour` in the middle of nothing. */
export async function logo(colour: string): Promise<Bytes> {
  const square = sharp({ create: { width: 32, height: 32, channels: 4, background: colour } })
  const canvas = square.extend({ top: 16, bottom: 16, left: 16, right: 16, background: { r: 0, g: 0, b: 0, alpha: 0 } })
  return owned(await canvas.png().toBuffer())
}

/** As a text-mode transfer leaves it: the signature lost its carriage return. */
export async function brokenPng(): Promise<Bytes> {
  const png = await logo('#ff0000')
  return new Uint8Array([...png.subarray(0, 4), ...png.subarray(5)])
}

/** Uploads an image; `bytes` is what a download delivers. */
export async function givenImageFile(app: TestApp, content: Bytes, name = 'photo.jpg', options: object = {}) {
  const upload = await createUpload(app, options)
  return { upload, ...(await addImage(app, upload, content, name)) }
}

export async function addImage(app: TestApp, upload: CreatedUpload, content: Bytes, name = 'photo.jpg') {
  const file = await jsonOf<ImageJson>(addFile(app, upload, content, name))
  return { file, url: `${app.url}/file/${upload.id}/${file.id}/${encodeURIComponent(name)}` }
}

export async function download(url: string, init: RequestInit = {}): Promise<Buffer> {
  const response = await fetch(url, init)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return Buffer.from(await response.arrayBuffer())
}

/** The file that a quick upload's link leads to. */
export async function fileOfLink(link: string): Promise<ImageJson> {
  const [, base, uploadId] = /^(.*)\/file\/([^/]+)\//.exec(link.trim()) ?? []
  const { files } = await jsonOf<{ files: ImageJson[] }>(fetch(`${base}/upload/${uploadId}`))
  return files[0] as ImageJson
}

export const spooled = ({ dataDir }: Pick<TestApp, 'dataDir'>): string[] => {
  const folder = join(dataDir, 'pictures')
  return existsSync(folder) ? readdirSync(folder) : []
}

/** What is in the folders of the images that are worked on. */
export const spooledFiles = (app: Pick<TestApp, 'dataDir'>): string[] =>
  spooled(app).flatMap((name) => {
    const folder = join(app.dataDir, 'pictures', name)
    return existsSync(folder) ? readdirSync(folder) : []
  })

export const blobsOf = ({ dataDir }: TestApp): string[] =>
  readdirSync(join(dataDir, 'files'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /[0-9a-f]{32}$/.test(path),
  )
