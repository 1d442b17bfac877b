import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { jsonOf } from '../helpers/answers.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { sharedServer } from '../helpers/spawn-server.ts'

const run = promisify(execFile)
const server = sharedServer()

/** The commands of a section of the API's documentation, block by block. */
function commandsOf(section: string): string[] {
  const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
  const body = text.split(`\n## ${section}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...body.matchAll(/```sh\n([^`]*)```/g)].map(([, commands = '']) => commands)
}

/** Pastes them into a shell, in a folder with a photo and a folder; any answer but a success fails the test. */
async function paste(commands: string, variables: Record<string, string>): Promise<string> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'photo.jpg'), 'not really a photo')
  mkdirSync(join(folder, 'folder'))
  writeFileSync(join(folder, 'folder', 'a.txt'), 'hello')
  const script = `set -euo pipefail; curl() { command curl -sSf "$@"; }\n${commands}`
  return (await run('bash', ['-c', script], { cwd: folder, env: { ...process.env, ...variables } })).stdout
}

test('the commands of the section on guest uploads do what they say', async () => {
  const [forTheUploader = '', forGuests = ''] = commandsOf('Guest uploads')
  const H = server.url()
  const { id: UPLOAD, uploadToken: TOKEN } = await jsonOf<Record<'id' | 'uploadToken', string>>(
    fetch(`${H}/upload`, { method: 'POST' }),
  )
  const headers = { 'X-UploadToken': TOKEN }
  const requests = `${H}/upload/${UPLOAD}/requests`
  const { id: REQUEST, requestToken: REQUEST_TOKEN } = await jsonOf<Record<'id' | 'requestToken', string>>(
    fetch(requests, { method: 'POST', headers }),
  )

  const guestSaw = await paste(forGuests, { H, REQUEST_TOKEN })
  await paste(forTheUploader, { H, UPLOAD, TOKEN, REQUEST })

  const { files } = await jsonOf<{ files: object[] }>(fetch(`${H}/upload/${UPLOAD}`, { headers }))
  expect(files).toMatchObject([
    { fileName: 'photo.jpg', status: 'uploaded', request: REQUEST },
    { fileName: 'photo.jpg', status: 'uploaded', request: REQUEST },
    { fileName: 'folder.tar', status: 'uploaded', request: REQUEST },
  ])
  expect(guestSaw).not.toContain(UPLOAD)
  expect(await jsonOf(fetch(requests, { headers }))).toMatchObject({
    requests: [
      { id: REQUEST, status: 'revoked', filesAdded: 3 },
      { title: 'Photos of the party', status: 'open', maxFiles: 20 },
    ],
  })
})
