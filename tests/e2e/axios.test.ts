import { hash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, useBrowser } from '../helpers/browser.ts'
import { type CuttingProxy, cuttingProxy } from '../helpers/cutting-proxy.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { sharedServer } from '../helpers/spawn-server.ts'

/** Every block of docs/axios-recipes.md, run as it stands there: with the real axios, in Node and in Chromium, from another origin. */

const ROOT = resolve(import.meta.dirname, '../..')
const MIB = 1024 * 1024

/** File name → source. */
const SNIPPETS = new Map(
  [...readFileSync(join(ROOT, 'docs/axios-recipes.md'), 'utf8').matchAll(/```js\n\/\/ (\S+\.js)\n(.*?)```/gs)].map(
    ([, name = '', source = '']) => [name, source],
  ),
)

const loadInNode = (name: string) => import(pathToFileURL(join(folder, name)).href)
type Load = typeof loadInNode

/** Runs in Node and in the page alike, so it uses nothing but its arguments. */
type Scenario<A, R> = (load: Load, argument: A) => Promise<R>
type Run = <A, R>(scenario: Scenario<A, R>, argument: A) => Promise<R>

test('all code of the page is run here', () => {
  const source = readFileSync(import.meta.filename, 'utf8')

  expect(SNIPPETS.size).toBeGreaterThan(10)
  expect([...SNIPPETS.keys()].filter((name) => !source.includes(`'${name}'`))).toEqual([])
  expect(readFileSync(join(ROOT, 'docs/axios-recipes.md'), 'utf8').match(/```/g)?.length).toBe(SNIPPETS.size * 2)
})

const folder = givenModules()
const server = sharedServer()

describe('in Node', () => {
  const run: Run = (scenario, argument) => scenario(loadInNode, argument)
  everywhere(async () => run)

  test('a file is resumed onto the disk', async () => {
    const { proxy, link, bytes } = await givenBadLine()
    const { downloadToFile } = await loadInNode('resume-to-file.js')
    const path = join(temporaryFolder(), 'file.bin')
    proxy.answerCuts.push(MIB, 2 * MIB, 3 * MIB)

    await downloadToFile(link, path)

    expect(hash('sha256', readFileSync(path))).toBe(hash('sha256', bytes))
    expect(proxy.answerCuts).toEqual([])
  })

  test('a file is streamed onto the disk, and a cut is an error', async () => {
    const { proxy, link, bytes } = await givenBadLine()
    const { streamToFile } = await loadInNode('stream-to-file.js')
    const path = join(temporaryFolder(), 'file.bin')

    proxy.answerCuts.push(MIB)

    await expect(streamToFile(link, path)).rejects.toThrow()
    await streamToFile(link, path)

    expect(statSync(path).size).toBe(bytes.length)
  })
})

describe.skipIf(!hasBrowser())('in Chromium, from another origin', () => {
  const openPage = useBrowser()
  const origin = givenOrigin()
  everywhere(async () => {
    const page = await openPage()
    await page.goto(origin())
    return inPage(page)
  })
})

/** What holds in both. */
function everywhere(start: () => Promise<Run>): void {
  test('a file comes as a Blob, with its name and progress', async () => {
    const { link, bytes } = await givenBadLine('größe "1".bin')
    const run = await start()

    const found = await run(async (load, url) => {
      const { downloadBlob } = await load('blob.js')
      const progress: number[] = []
      const { name, blob } = await downloadBlob(url, { onProgress: (received: number) => progress.push(received) })
      return { name, size: blob.size, last: progress.at(-1) }
    }, link)

    expect(found).toEqual({ name: 'größe "1".bin', size: bytes.length, last: bytes.length })
  })

  test('the ASCII name is taken where there is no other', async () => {
    const run = await start()

    const found = await run(async (load, disposition) => {
      const { fileNameOf } = await load('name.js')
      return [fileNameOf({ 'content-disposition': disposition }), fileNameOf({})]
    }, 'inline; filename="a \\"b\\".txt"')

    expect(found).toEqual(['a "b".txt', 'download'])
  })

  test.each(['json', 'blob', 'stream'] as const)('an error can be read, with responseType %s', async (responseType) => {
    const run = await start()

    const found = await run(
      async (load, { url, type }) => {
        const { messageOf } = await load('errors.js')
        const { default: axios } = await load('axios-itself.js')
        const adapter = type === 'json' ? {} : { adapter: 'fetch' }
        return axios.get(url, { responseType: type, ...adapter }).catch(messageOf)
      },
      { url: `${server.url()}/upload/unknown`, type: responseType },
    )

    expect(found).toBe('upload unknown not found')
  })

  test('a download can be cancelled, and one that falls silent is given up', async () => {
    const { proxy, link } = await givenBadLine()
    const silent = await silentServer()
    const run = await start()

    const found = await run(
      async (load, urls) => {
        const { downloadBlob } = await load('blob.js')
        const { createWatchdog } = await load('watchdog.js')
        const cancel = new AbortController()
        const onProgress = () => cancel.abort()
        const cancelled = await downloadBlob(urls.link, { signal: cancel.signal, onProgress }).catch(
          (error: Error) => error.name,
        )
        const stalled = await downloadBlob(urls.silent, { stallMs: 300 }).catch((error: Error) => error.name)
        const watchdog = createWatchdog(10)
        await new Promise((resolve) => watchdog.signal.addEventListener('abort', resolve))
        return { cancelled, stalled, reason: watchdog.signal.reason.message }
      },
      { link, silent },
    )

    expect(proxy.answerCuts).toEqual([])
    expect(found).toEqual({ cancelled: 'CanceledError', stalled: 'CanceledError', reason: 'nothing came for 10 ms' })
  })

  test('a download over connections that break is whole, and has the digest that is announced', async () => {
    const { proxy, link, bytes } = await givenBadLine()
    proxy.answerCuts.push(...Array.from({ length: 5 }, () => Math.floor(Math.random() * MIB)))
    const run = await start()

    const found = await run(async (load, url) => {
      const { downloadResumable } = await load('resume-to-blob.js')
      const { assertDigest } = await load('digest.js')
      const { default: axios } = await load('axios-itself.js')
      const blob = await downloadResumable(url)
      const { headers } = await axios.head(url)
      await assertDigest(blob, headers)
      return {
        size: blob.size,
        wrong: await assertDigest(new Blob(['x']), headers).catch((error: Error) => error.message),
      }
    }, link)

    expect(proxy.answerCuts).toEqual([])
    expect(found).toEqual({ size: bytes.length, wrong: 'the file was changed on its way' })
  })

  test('what is refused is not asked for again', async () => {
    const run = await start()

    const found = await run(async (load, url) => {
      const { download } = await load('resume.js')
      return download(url, () => {}).catch((error: { response: { status: number } }) => error.response.status)
    }, `${server.url()}/file/unknown/unknown/x`)

    expect(found).toBe(404)
  })

  test('a selection of files comes as a zip', async () => {
    const { id, files } = await givenUpload(['a.txt', 'b.txt', 'c.txt'])
    const run = await start()

    const found = await run(
      async (load, { url, uploadId, fileIds }) => {
        const { downloadSelection } = await load('selection.js')
        const blob = await downloadSelection(url, uploadId, fileIds)
        return new TextDecoder('latin1').decode(await blob.arrayBuffer())
      },
      { url: server.url(), uploadId: id, fileIds: files.slice(0, 2) },
    )

    expect(found.startsWith('PK')).toBe(true)
    expect([found.includes('a.txt'), found.includes('b.txt'), found.includes('c.txt')]).toEqual([true, true, false])
  })

  test('a request that is refused with Retry-After is sent again', async () => {
    const run = await start()

    const found = await run(async (load, url) => {
      const { withRetries } = await load('retry.js')
      const later = { response: { headers: { 'retry-after': '0' } } }
      let asked = 0
      const answer = await withRetries(async () => {
        asked += 1
        if (asked < 3) throw later
        return fetch(url).then((response) => response.status)
      })
      const given = await withRetries(() => Promise.reject(later), 2).catch((error: unknown) => error === later)
      return { asked, answer, given }
    }, `${server.url()}/health`)

    expect(found).toEqual({ asked: 3, answer: 200, given: true })
  })

  test('a file is uploaded in one request, with options', async () => {
    const run = await start()

    const { link, text, sent } = await run(async (load, url) => {
      const { upload } = await load('upload.js')
      const progress: number[] = []
      const onProgress = (count: number) => progress.push(count)
      const created = await upload(url, new Blob(['hello']), { name: 'größe?.txt', options: { ttl: '1h' }, onProgress })
      return { ...created, text: await (await fetch(created.link)).text(), sent: progress.at(-1) }
    }, server.url())

    expect(link).toContain(encodeURIComponent('größe?.txt'))
    expect([text, sent]).toEqual(['hello', 5])
  })

  test('a file is uploaded in pieces over connections that break', async () => {
    const proxy = await cuttingProxy(server.url)
    proxy.cuts.push(MIB, 2 * MIB, Number.POSITIVE_INFINITY, MIB)
    const run = await start()

    const { link, digest, sent } = await run(async (load, url) => {
      const { uploadInPieces } = await load('upload-in-pieces.js')
      const bytes = Uint8Array.from({ length: 5 * 1024 * 1024 + 7 }, (_, index) => (index * 7 + (index >> 8)) % 256)
      const sent: number[] = []
      const file = new Blob([bytes])
      const onProgress = (count: number) => sent.push(count)
      const settings = { name: 'größe.bin', options: { ttl: '1h' }, pieceBytes: 1024 * 1024, onProgress }
      const { link } = await uploadInPieces(url, file, settings)
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
      return { link, digest: btoa(String.fromCharCode(...digest)), sent: Math.max(...sent) }
    }, proxy.url)

    const answer = await fetch(server.url() + new URL(link).pathname)
    expect(answer.headers.get('repr-digest')).toBe(`sha-256=:${digest}:`)
    expect(sent).toBe(5 * MIB + 7)
  })
}

/** A server behind a proxy that can cut, and a file of 8 MiB on it. */
async function givenBadLine(name = 'file.bin'): Promise<{ proxy: CuttingProxy; link: string; bytes: Buffer }> {
  const proxy = await cuttingProxy(server.url)
  const bytes = randomBytes(8 * MIB)
  const answer = await fetch(`${server.url()}/${encodeURIComponent(name)}`, { method: 'PUT', body: bytes })
  return { proxy, link: proxy.url + new URL((await answer.text()).trim()).pathname, bytes }
}

async function givenUpload(names: string[]): Promise<{ id: string; files: string[] }> {
  const form = new FormData()
  for (const name of names) form.append('file', new Blob([name]), name)
  const answer = await fetch(server.url(), { method: 'POST', body: form, headers: { Accept: 'application/json' } })
  const { id, files } = (await answer.json()) as { id: string; files: { id: string }[] }
  return { id, files: files.map((file) => file.id) }
}

/** Sends a head and some bytes, and then nothing more. */
async function silentServer(): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Length': 100, 'Access-Control-Allow-Origin': '*' }).write('x')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** The blocks as files, where Node finds axios. */
function givenModules(): string {
  const cache = join(realpathSync(join(ROOT, 'node_modules')), '.cache')
  mkdirSync(cache, { recursive: true })
  const made = mkdtempSync(join(cache, 'axios-page-'))
  for (const [name, source] of SNIPPETS) writeFileSync(join(made, name), source)
  writeFileSync(join(made, 'axios-itself.js'), "export { default } from 'axios'\n")
  writeFileSync(join(made, 'package.json'), '{"type":"module"}')
  afterAll(() => rmSync(made, { recursive: true }))
  return made
}

/** A site that is not the server's, and serves a page that can import the blocks. */
function givenOrigin(): () => string {
  const page = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">{"imports":{"axios":"/axios.js"}}</script>`
  const axios = readFileSync(join(ROOT, 'node_modules/axios/dist/esm/axios.js'))
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1)
    if (name === '') return void response.setHeader('Content-Type', 'text/html').end(page)
    response.setHeader('Content-Type', 'text/javascript')
    response.end(name === 'axios.js' ? axios : readFileSync(join(folder, name)))
  })
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  return () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const inPage =
  (page: Page): Run =>
  (scenario, argument) =>
    page.evaluate(`(${scenario})((name) => import('/' + name), ${JSON.stringify(argument)})`)
