import { createApp } from '../server/app.ts'
import { readConfig } from '../server/config/config.ts'
import { createLogger } from '../server/lib/logger.ts'
import { plantDemonstration } from './demo-uploads.ts'

/** `npm run seed`: creates one upload of each kind as demo data. Can run beside a server, with the same settings. */

const config = readConfig(process.env)
const app = await createApp({ config, log: await createLogger({ ...config, logLevel: 'error' }) })
const base = config.publicUrl || `http://${config.host}:${config.port}${config.pathPrefix}`
for (const { what, uploadId, token, files } of await plantDemonstration(app.quickUploads)) {
  process.stdout.write(`${what}\n  ${base}/#/?id=${uploadId}&uploadToken=${token}\n`)
  for (const { id, name } of files)
    process.stdout.write(`  ${base}/file/${uploadId}/${id}/${encodeURIComponent(name)}\n`)
}
await app.close()
