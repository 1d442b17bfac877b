import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import BetterSqlite3 from 'better-sqlite3'
import { expect, test } from 'vitest'
import { spawnServer, untilTwoAnswer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'

/** Server and commands run from the bundle, as in all other tests, and from the sources, as with `npm run dev` and `npm exec`. */

test.each(['server/dist/main.js', 'server/main.ts'])(
  '%s stores files, with an MD5 from its thread, on two workers',
  async (main) => {
    const server = await spawnServer({ WORKERS: '2', LOG_FORMAT: 'json', MD5: 'always' }, {}, [], main)
    await untilTwoAnswer(server)
    const bytes = randomBytes(2_000_000)
    const form = new FormData()
    form.set('file', new Blob([bytes]), 'x.bin')

    const link = (await (await fetch(server.url, { method: 'POST', body: form })).text()).trim()

    const [, uploadId] = new URL(link).pathname.split('/').slice(1)
    const answer = await fetch(`${server.url}/upload/${uploadId}`)
    const { files } = (await answer.json()) as { files: { fileMd5: string }[] }
    expect(files[0]?.fileMd5).toBe(createHash('md5').update(bytes).digest('hex'))
    expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(bytes)).toBe(true)
  },
)

test('the bundle has the page, its assets and the documentation of its API', async () => {
  const { url } = await spawnServer()

  const page = await (await fetch(url)).text()
  const [asset] = page.match(/assets\/[^"]+\.js/) ?? []

  expect((await fetch(`${url}/${asset}`)).status).toBe(200)
  expect((await fetch(`${url}/docs/`)).status).toBe(200)
  expect(await (await fetch(`${url}/version`)).json()).toMatchObject({ version: expect.stringMatching(/^\d/) })
})

test('an error in the log of the bundle names the files and lines of the sources', async () => {
  const server = await spawnServer({ LOG_FORMAT: 'json' })
  const database = new BetterSqlite3(join(server.dataDir, 'mayfly.db'))
  database.pragma('foreign_keys = off')
  database.exec('drop table uploads')
  database.close()

  await fetch(`${server.url}/upload/abcdefghij123456`)

  await waitFor(() => expect(server.output()).toMatch(/ \(server\/uploads\/uploads\.ts:\d+:\d+\)/))
})

test('a command from its sources says what the one of the bundle says', async () => {
  const run = promisify(execFile)
  const ofSources = await run(process.execPath, ['server/cli/main.ts', '--help'])

  expect(ofSources).toEqual(await run(process.execPath, ['server/dist/mayfly.js', '--help']))
})
