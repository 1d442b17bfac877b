import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { safePath, saveFile } from '../../client/node/mayfly-client-node.ts'
import { createClient, type UploadInfo, type UploadOptions } from '../../client/src/mayfly-client.ts'
import { cuttingProxy } from '../helpers/cutting-proxy.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { slowLine } from '../helpers/slow-line.ts'
import { sharedServer } from '../helpers/spawn-server.ts'
import { waitFor } from '../helpers/wait.ts'
import { bytesOf, MIB, randomFile, sha256 } from './given.ts'

/** Receiving files in Node from the real server. */

/** More than a broken connection can buffer: a one-shot file is used up once the server has sent all of it. */
const SIZE = 24 * MIB

const server = sharedServer({ MAX_FILE_SIZE: '1GB' })

test.each([
  ['a file', {}],
  ['a one-shot file', { oneShot: true }],
  ['an encrypted one-shot file', { oneShot: true, encrypt: true }],
  ['a file behind a password', { password: 'secret' }],
] satisfies [string, UploadOptions][])('%s arrives whole over connections that are cut', async (_what, options) => {
  const proxy = await cuttingProxy(server.url)
  const client = createClient({ url: server.url() })
  const { link, digest } = await givenFile(options)
  proxy.answerCuts.push(MIB, 3 * MIB, 100, 2 * MIB)
  const received: number[] = []

  const download = await client.download(link.replace(server.url(), proxy.url), {
    password: 'secret',
    onProgress: (progress) => received.push(progress.received),
  })
  const bytes = await bytesOf(await download.blob())

  expect(proxy.answerCuts).toEqual([])
  expect([download.name, download.size, bytes.length]).toEqual(['file.bin', SIZE, SIZE])
  expect(sha256(bytes)).toBe(digest)
  expect(received).toEqual(received.toSorted((a, b) => a - b))
})

test('bytes that were changed on their way are an error', async () => {
  const { link } = await givenFile()
  const changing = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(url, init)
    const bytes = new Uint8Array(await answer.arrayBuffer())
    bytes[1000] = (bytes[1000] ?? 0) ^ 1
    return new Response(bytes, { status: answer.status, headers: answer.headers })
  }
  const client = createClient({ url: server.url(), fetch: changing })

  const download = await client.download(link)

  await expect(download.blob()).rejects.toMatchObject({ code: 'digest_mismatch' })
})

test('a key that does not fit is an error', async () => {
  const client = createClient({ url: server.url() })
  const [one, other] = [await givenFile({ encrypt: true }, 1000), await givenFile({ encrypt: true }, 1000)]

  const opening = client.download(one.link, { key: other.upload.key ?? '' })

  await expect(opening).rejects.toMatchObject({ code: 'wrong_key' })
})

test('an encrypted file that was changed, or a download that was aborted, says so and nothing else', async () => {
  const { link } = await givenFile({ encrypt: true }, 4 * MIB)
  const changing = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = await fetch(url, init)
    if (!url.includes('/file/')) return answer
    const bytes = new Uint8Array(await answer.arrayBuffer())
    bytes[100_000] = (bytes[100_000] ?? 0) ^ 1
    return new Response(bytes) // no digest is announced
  }
  const stop = new AbortController()
  const reason = new Error('enough')
  const onProgress = () => stop.abort(reason)

  const changed = await createClient({ url: server.url(), fetch: changing }).download(link)
  const aborted = createClient({ url: server.url() }).download(link, { signal: stop.signal, onProgress })

  await expect(changed.blob()).rejects.toMatchObject({ code: 'changed' })
  await expect(aborted.then((download) => download.blob())).rejects.toBe(reason)
})

test('an upload comes as a zip, or some of its files', async () => {
  const client = createClient({ url: server.url() })
  const upload = await client.upload(['a.txt', 'b.txt', 'c.txt'].map((name) => ({ name, data: name })))

  const all = await (await client.downloadArchive(upload.link)).text()
  const some = await (
    await client.downloadArchive(upload.link, { files: upload.files.slice(0, 2).map(({ id }) => id) })
  ).text()

  expect(['a.txt', 'b.txt', 'c.txt'].map((name) => all.includes(name))).toEqual([true, true, true])
  expect(['a.txt', 'b.txt', 'c.txt'].map((name) => some.includes(name))).toEqual([true, true, false])
})

test('a file that is still coming in is waited for', async () => {
  const client = createClient({ url: server.url() })
  const line = await slowLine(server.url)
  line.limit(2 * MIB)
  const file = randomFile(4 * MIB)
  const { resolve: tell, promise: begun } = Promise.withResolvers<string>()
  const slow = createClient({ url: line.url })
  const sending = slow.upload([file], {}, { onState: ({ uploadId }) => tell(`${server.url()}/#/?id=${uploadId}`) })

  const download = await client.download(await begun, { wait: true })

  expect(sha256(await bytesOf(await download.blob()))).toBe(sha256(await bytesOf(file)))
  await sending
})

test('an unknown file is an error at once, with the words of the server', async () => {
  const client = createClient({ url: server.url() })

  const opening = client.download(`${server.url()}/file/unknown/unknown/x`)

  await expect(opening).rejects.toMatchObject({
    code: 'upload_not_found',
    status: 404,
    detail: 'upload unknown not found',
  })
})

test('an upload is looked at, extended and removed', async () => {
  const client = createClient({ url: server.url() })
  const { upload } = await givenFile({ encrypt: true, comments: 'secret words', ttl: '1h' })

  const found = await client.info(upload.link)
  const extended = await client.extend(upload.adminLink ?? '', '2h')
  await client.remove(upload.files[0]?.link ?? '', { token: upload.token ?? '' })
  const emptied = await client.info(upload.link)
  await client.remove(upload.adminLink ?? '')

  expect(found).toMatchObject({ comments: 'secret words', isEncrypted: true, adminLink: undefined })
  expect(found.files.map(({ name, size }) => [name, size])).toEqual([['file.bin', SIZE]])
  expect(extended.expiresAt?.getTime()).toBeGreaterThan((upload.expiresAt?.getTime() ?? 0) + 3_000_000)
  expect(emptied.files.map(({ status }) => status)).toEqual(['deleted'])
  await expect(client.info(upload.link)).rejects.toMatchObject({ status: 404 })
})

test('guests send files over connections that are cut', async () => {
  const client = createClient({ url: server.url() })
  const proxy = await cuttingProxy(server.url)
  const { upload } = await givenFile()
  const request = await client.createFileRequest(upload.adminLink ?? '', { title: 'Photos', maxFiles: 2 })
  const file = randomFile(8 * MIB, 'photo.bin')
  proxy.cuts.push(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 2 * MIB)

  const invitation = await client.inspectFileRequest(request.link)
  await client.uploadToRequest(request.link.replace(server.url(), proxy.url), [file])
  await client.revokeFileRequest(upload.adminLink ?? '', request.id)

  expect(invitation).toMatchObject({ title: 'Photos', filesLeft: 2 })
  expect(await client.listFileRequests(upload.adminLink ?? '')).toMatchObject([{ status: 'revoked', filesAdded: 1 }])
  const { files } = await client.info(upload.link)
  const received = await client.download(files.find(({ name }) => name === 'photo.bin')?.link ?? '')
  expect(sha256(await bytesOf(await received.blob()))).toBe(sha256(await bytesOf(file)))
})

test.each([
  ['a one-shot file', { oneShot: true }],
  ['an encrypted file', { encrypt: true }],
] satisfies [string, UploadOptions][])(
  '%s is continued on disk after the client was killed',
  async (_what, options) => {
    const { link, digest } = await givenFile(options)
    const line = await slowLine(server.url)
    line.limitAnswers(4 * MIB)
    const folder = temporaryFolder()
    const slowLink = link.replace(server.url(), line.url)
    const child = spawnSaving(slowLink, folder)
    await waitFor(() => expect(partSize(folder)).toBeGreaterThan(3 * MIB))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const kept = partSize(folder)
    line.limitAnswers(Number.POSITIVE_INFINITY)
    const received: number[] = []

    const client = createClient({ url: server.url() })
    const saved = await saveFile(client, slowLink, {
      directory: folder,
      onProgress: (now) => received.push(now.received),
    })

    expect(received[0]).toBeGreaterThan(kept)
    expect(sha256(readFileSync(saved.path))).toBe(digest)
    expect(readdirSync(folder)).toEqual(['file.bin'])
  },
)

test('a name that is taken is not overwritten, and none leads out of the folder', async () => {
  const client = createClient({ url: server.url() })
  const folder = temporaryFolder()
  const { files } = await client.upload([{ name: '../evil/a.txt', data: 'x' }])

  const first = await saveFile(client, files[0]?.link ?? '', { directory: folder })
  const second = await saveFile(client, files[0]?.link ?? '', { directory: folder })

  expect([first.path, second.path]).toEqual([join(folder, 'evil/a.txt'), join(folder, 'evil/a (1).txt')])
  expect(existsSync(second.path)).toBe(true)
  expect(['a/../../b', 'C:\\x', '..', 'con.txt', 'a. '].map(safePath)).toEqual([
    'a/b',
    'C_/x',
    'download',
    '_con.txt',
    'a',
  ])
})

async function givenFile(
  options: UploadOptions = {},
  size = SIZE,
): Promise<{ upload: UploadInfo; link: string; digest: string }> {
  const file = randomFile(size)
  const upload = await createClient({ url: server.url() }).upload([file], options)
  return { upload, link: upload.files[0]?.link ?? '', digest: sha256(await bytesOf(file)) }
}

/** Another process, that can be killed. */
function spawnSaving(link: string, directory: string) {
  const entry = (path: string) => pathToFileURL(join(import.meta.dirname, '../../client', path)).href
  const code = `
    import { createClient } from '${entry('src/mayfly-client.ts')}'
    import { saveFile } from '${entry('node/mayfly-client-node.ts')}'
    const [link, directory] = process.argv.slice(1)
    await saveFile(createClient({ url: new URL(link).origin }), link, { directory })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, link, directory], { stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const partSize = (folder: string): number => {
  const part = readdirSync(folder).find((name) => name.endsWith('.part'))
  return part === undefined ? 0 : statSync(join(folder, part)).size
}
