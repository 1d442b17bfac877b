import sharp from 'sharp'
import { OPERATOR } from '../server/accounts/caller.ts'
import { createApp } from '../server/app.ts'
import { readConfig } from '../server/config.ts'
import { createLogger } from '../server/logger.ts'
import type { UploadOptions } from '../server/uploads/upload-rules.ts'

/** `npm run seed`: one upload of each kind, to look at. Runs beside a server, on the same settings. */

const DAY = 86_400

const UPLOADS: { what: string; options: UploadOptions; files: [string, string | Buffer][] }[] = [
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
  { what: 'a picture with transparency', options: {}, files: [['disc.png', await disc()]] },
  {
    what: 'gone in a minute',
    options: { ttlSeconds: 60 },
    files: [['mayfly.txt', 'Short is the life of the mayfly.\n']],
  },
]

const config = readConfig(process.env)
const app = await createApp({ config, log: createLogger({ ...config, logLevel: 'error' }) })
const base = config.publicUrl || `http://${config.host}:${config.port}${config.pathPrefix}`
for (const { what, options, files } of UPLOADS) {
  const { upload, files: stored, token } = await app.quickUploads.create(incoming(files), () => options, OPERATOR)
  process.stdout.write(`${what}\n  upload token ${token}\n`)
  for (const { id, name } of stored)
    process.stdout.write(`  ${base}/file/${upload.id}/${id}/${encodeURIComponent(name)}\n`)
}
await app.close()

async function* incoming(files: [string, string | Buffer][]) {
  for (const [name, content] of files) yield { name, bytes: bytesOf(content) }
}

async function* bytesOf(content: string | Buffer) {
  yield Buffer.from(content)
}

/** A PNG: a teal disc on nothing. */
function disc(): Promise<Buffer> {
  const circle = Buffer.from('<svg width="256" height="256"><circle cx="128" cy="128" r="120" fill="#2a9d8f"/></svg>')
  return sharp(circle).png().toBuffer()
}
