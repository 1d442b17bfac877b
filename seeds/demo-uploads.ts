import sharp from 'sharp'
import { OPERATOR } from '../server/accounts/caller.ts'
import type { QuickUploads } from '../server/uploads/quick-uploads.ts'
import type { UploadOptions } from '../server/uploads/upload-rules.ts'

/** Demo data: one upload of each kind. */

const DAY = 86_400

interface Demonstration {
  what: string
  options: UploadOptions
  files: [string, string | Buffer][]
}

export interface Planted {
  what: string
  uploadId: string
  token: string
  files: { id: string; name: string }[]
}

/** Creates the uploads; resolves with their ids and tokens. */
export async function plantDemonstration(quickUploads: Pick<QuickUploads, 'create'>): Promise<Planted[]> {
  const planted: Planted[] = []
  for (const { what, options, files } of await demonstrations()) {
    const { upload, files: stored, token } = await quickUploads.create(incoming(files), () => options, OPERATOR)
    planted.push({ what, uploadId: upload.id, token, files: stored.map(({ id, name }) => ({ id, name })) })
  }
  return planted
}

const demonstrations = async (): Promise<Demonstration[]> => [
  {
    what: 'photos of a trip, with a message',
    options: {
      ttlSeconds: 7 * DAY,
      comments: 'Three days at the sea.\n\n- the **lighthouse** at dawn\n- the way back',
    },
    files: [
      ['trip\u2215lighthouse at dawn.jpg', await landscape('#f7c59f', '#e76f51', '#264653')],
      ['trip\u2215harbour.jpg', await landscape('#bde0fe', '#48bfe3', '#1d3557')],
      ['trip\u2215way back.jpg', await landscape('#d8f3dc', '#74c69d', '#1b4332')],
      ['where to eat.txt', 'The small place behind the harbour. Ask for the soup.\n'],
    ],
  },
  { what: 'a text', options: { ttlSeconds: 7 * DAY }, files: [['hello.txt', 'Hello from Mayfly.\n']] },
  {
    what: 'names in other scripts',
    options: { ttlSeconds: DAY },
    files: [
      ['你好 世界.txt', '你好\n'],
      ['été à la plage.txt', 'bonjour\n'],
    ],
  },
  {
    what: 'can be downloaded once',
    options: { oneShot: true, ttlSeconds: DAY },
    files: [['secret.txt', 'Read me once.\n']],
  },
  { what: 'can be downloaded three times', options: { maxDownloads: 3 }, files: [['three.txt', 'One, two, three.\n']] },
  { what: 'anybody may remove it', options: { removable: true }, files: [['removable.txt', 'Remove me.\n']] },
  {
    what: 'password: demo, user name: plik',
    options: { password: 'demo' },
    files: [['locked.txt', 'Behind a password.\n']],
  },
  {
    what: 'with a comment',
    options: { comments: '**Minutes** of the meeting, as promised.' },
    files: [['minutes.md', '# Minutes\n']],
  },
  { what: 'an image with transparency', options: {}, files: [['disc.png', await disc()]] },
  {
    what: 'gone in a minute',
    options: { ttlSeconds: 60 },
    files: [['mayfly.txt', 'Short is the life of the mayfly.\n']],
  },
]

async function* incoming(files: [string, string | Buffer][]) {
  for (const [name, content] of files) yield { name, bytes: bytesOf(content) }
}

async function* bytesOf(content: string | Buffer) {
  yield Buffer.from(content)
}

/** A PNG: a teal disc on a transparent background. */
function disc(): Promise<Buffer> {
  const circle = Buffer.from('<svg width="256" height="256"><circle cx="128" cy="128" r="120" fill="#2a9d8f"/></svg>')
  return sharp(circle).png().toBuffer()
}

/** Imitates a photo of hills by the sea, with camera data and location. */
function landscape(sky: string, sun: string, hills: string): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="1600" height="1200">
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="${sky}"/><stop offset="1" stop-color="${sun}"/></linearGradient></defs>
    <rect width="1600" height="1200" fill="url(#sky)"/><circle cx="1100" cy="560" r="130" fill="#fff" fill-opacity=".75"/>
    <path d="M0 800q400-260 800-60t800-80v540H0z" fill="${hills}" fill-opacity=".55"/>
    <path d="M0 960q500-180 900-40t700-60v340H0z" fill="${hills}"/></svg>`
  const exif = {
    IFD0: { Make: 'Demonstration' },
    IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '54/1 10/1 0/1', GPSLongitudeRef: 'E', GPSLongitude: '7/1 53/1 0/1' },
  }
  return sharp(Buffer.from(svg)).jpeg({ quality: 90 }).withExif(exif).toBuffer()
}
