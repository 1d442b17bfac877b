import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { addFile, createUpload, givenFile } from '../helpers/client.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { makeApp, type TestApp } from '../helpers/make-app.ts'
import { storedFiles } from '../helpers/stored-files.ts'

const run = promisify(execFile)

/** What a client has in hand in the end; `whole` when nothing told the client that something is wrong. */
async function download(url: string, headers: Record<string, string> = {}) {
  const answer = await fetch(url, { headers })
  const expected = Number(answer.headers.get('content-length'))
  const bytes = await answer.arrayBuffer().catch(() => undefined)
  return { status: answer.status, whole: bytes !== undefined && answer.ok && bytes.byteLength === expected }
}

const curl = (url: string, path: string) =>
  run('curl', ['-sSf', '-o', path, url]).then(
    () => 0,
    ({ code }: { code: number }) => code,
  )

describe.each([
  ['small', 5_000],
  ['large', 5_000_000],
])('of a %s file', (_what, size) => {
  const given = (app: TestApp) => givenFile(app, {}, new Uint8Array(size), 'x.bin')
  const blobOf = (app: TestApp) => storedFiles(app.dataDir)[0] as string

  test('whose bytes are lost, every download is an error', async () => {
    const app = await makeApp()
    const { url } = await given(app)
    unlinkSync(blobOf(app))

    expect(await download(url)).toEqual({ status: 410, whole: false })
    expect(await download(url, { Range: 'bytes=0-9' })).toEqual({ status: 410, whole: false })
    expect(await curl(url, '/dev/null')).toBe(22)
  })

  test.each([
    ['the end', () => size - 1],
    ['almost everything', () => 1],
    ['everything', () => 0],
  ])('that lost %s, no download looks whole', async (_which, left) => {
    const app = await makeApp()
    const { url } = await given(app)
    truncateSync(blobOf(app), left())

    expect((await download(url)).whole).toBe(false)
    expect((await download(url, { Range: `bytes=${size - 100}-` })).whole).toBe(false)
    expect(await curl(url, '/dev/null')).not.toBe(0)
  })

  test('whose bytes are replaced by a link, what it points at is not served', async () => {
    const app = await makeApp()
    const { url } = await given(app)
    const blob = blobOf(app)
    const copy = join(temporaryFolder(), 'copy')
    copyFileSync(blob, copy)
    unlinkSync(blob)
    await run('ln', ['-s', copy, blob])

    expect((await download(url)).whole).toBe(false)
  })
})

test('a file that loses its end while it is read breaks the download off', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, {}, new Uint8Array(60_000_000).fill(7), 'x.bin')
  const answer = await fetch(url)
  truncateSync(storedFiles(app.dataDir)[0] as string, 30_000_000)

  await expect(answer.arrayBuffer()).rejects.toThrow()
})

test.each([
  ['lost', (path: string) => unlinkSync(path)],
  ['shortened', (path: string) => truncateSync(path, 3)],
  ['emptied', (path: string) => truncateSync(path, 0)],
])('an archive of which one file is %s never looks whole, to curl or to unzip', async (_what, damage) => {
  const app = await makeApp()
  const upload = await createUpload(app)
  for (const name of ['a.txt', 'b.txt', 'c.txt']) await addFile(app, upload, name.repeat(1_000), name)
  const url = `${app.url}/archive/${upload.id}/all.zip`
  const folder = temporaryFolder()
  expect(await curl(url, join(folder, 'good.zip'))).toBe(0)
  await run('unzip', ['-tq', join(folder, 'good.zip')])
  damage(storedFiles(app.dataDir).find((path) => readFileSync(path).includes('b.txt')) as string)

  expect((await download(url)).whole).toBe(false)
  const path = join(folder, 'bad.zip')
  expect(await curl(url, path)).not.toBe(0)
  writeFileSync(path, '', { flag: 'a' })
  await expect(run('unzip', ['-tq', path])).rejects.toThrow()
})

test('a limited file whose bytes can’t be read is not used up', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, { oneShot: true }, 'precious', 'x.txt')
  const [blob = ''] = storedFiles(app.dataDir)
  const bytes = readFileSync(blob)
  unlinkSync(blob)

  expect((await fetch(url)).status).toBe(410)
  writeFileSync(blob, bytes)

  expect(await (await fetch(url)).text()).toBe('precious')
})
