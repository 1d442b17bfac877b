import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type { Page } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasBrowser, useBrowser } from '../helpers/browser.ts'
import { cuttingProxy } from '../helpers/cutting-proxy.ts'
import { sharedServer } from '../helpers/spawn-server.ts'
import { MIB } from './given.ts'

/** The same in Node and in Chromium, from another origin; by `fetch`, `XMLHttpRequest` and each adapter of axios. */

interface Modules {
  client: typeof import('../../client/src/mayfly-client.ts')
  'axios-client': typeof import('../../client/src/axios.ts')
  axios: typeof import('axios')
}

const MODULES: Record<keyof Modules, string> = {
  client: resolve(import.meta.dirname, '../../client/src/mayfly-client.ts'),
  'axios-client': resolve(import.meta.dirname, '../../client/src/axios.ts'),
  axios: resolve(import.meta.dirname, '../../node_modules/axios/index.js'),
}

type Load = <Name extends keyof Modules>(name: Name) => Promise<Modules[Name]>
/** Runs in Node and in the page alike, so it uses nothing but its arguments. */
type Run = <A, R>(scenario: (load: Load, argument: A) => Promise<R>, argument: A) => Promise<R>

const server = sharedServer()

describe('in Node', () => {
  everywhere(
    ['none', 'http', 'fetch'],
    async () => (scenario, argument) => scenario((name) => import(MODULES[name]), argument),
  )
})

describe.skipIf(!hasBrowser())('in Chromium', () => {
  const open = useBrowser()
  const origin = givenSite()
  everywhere(['none', 'xhr', 'fetch'], async () => {
    const page = await open()
    await page.goto(origin())
    return inPage(page)
  })
})

/** `adapters`: of axios; `none`: without it. */
function everywhere(adapters: string[], start: () => Promise<Run>): void {
  test.for(adapters.flatMap((adapter) => [false, true].map((encrypt) => ({ adapter, encrypt }))))(
    'a file is sent and fetched over connections that are cut (axios: $adapter, encrypted: $encrypt)',
    async ({ adapter, encrypt }) => {
      const [up, down] = [await cuttingProxy(server.url), await cuttingProxy(server.url)]
      up.cuts.push(2 * MIB, MIB, 100, MIB)
      down.answerCuts.push(MIB, 2 * MIB, 100, 3 * MIB)
      const run = await start()

      const found = await run(
        async (load, { url, from, adapter, encrypt }) => {
          const { createClient } = await load('client')
          const { createAxiosClient } = await load('axios-client')
          const { default: axios } = await load('axios')
          const client =
            adapter === 'none'
              ? createClient({ url })
              : createAxiosClient({ axios: axios.create({ baseURL: url, adapter }) })
          const bytes = Uint8Array.from({ length: 6_000_001 }, (_, index) => (index * 7 + (index >> 8)) % 256)
          const digestOf = async (data: Uint8Array<ArrayBuffer> | ArrayBuffer) =>
            new Uint8Array(await crypto.subtle.digest('SHA-256', data)).join()
          const file = new File([bytes], 'größe.bin')

          const upload = await client.upload([file], { encrypt }, { pieceBytes: 2 ** 20 })
          const link = (upload.files[0]?.link ?? '').replace(url, from)
          const [blob, buffer, stream] = [
            await client.download(link),
            await client.download(link),
            await client.download(link),
          ]
          const received = [
            await (await blob.blob()).arrayBuffer(),
            await buffer.arrayBuffer(),
            await new Response(stream.stream()).arrayBuffer(),
          ]

          return {
            name: blob.name,
            sent: await digestOf(bytes),
            received: await Promise.all(received.map(digestOf)),
          }
        },
        { url: up.url, from: down.url, adapter, encrypt },
      )

      expect([up.cuts, down.answerCuts]).toEqual([[], []])
      expect(found).toEqual({ name: 'größe.bin', sent: found.sent, received: Array(3).fill(found.sent) })
    },
  )

  test.for(adapters.filter((adapter) => adapter !== 'none'))(
    'a refusal can be read, whatever was asked for (axios: %s)',
    async (adapter) => {
      const run = await start()

      const found = await run(
        async (load, { url, adapter }) => {
          const { createAxiosClient, fileNameOf, MayflyError, messageOf } = await load('axios-client')
          const { default: axios } = await load('axios')
          const instance = axios.create({ baseURL: url, adapter })
          const types = ['json', 'text', 'arraybuffer', adapter === 'http' ? 'stream' : 'blob'] as const
          const messages = types.map((responseType) =>
            instance.get('/upload/unknown', { responseType }).catch(messageOf),
          )
          const error = await createAxiosClient({ axios: instance })
            .info(`${url}/#/?id=unknown`)
            .catch((thrown: unknown) => thrown)
          return {
            messages: await Promise.all(messages),
            error: error instanceof MayflyError && { code: error.code, status: error.status, detail: error.detail },
            name: fileNameOf({ 'content-disposition': `attachment; filename="a.txt"; filename*=UTF-8''%C3%A4.txt` }),
            offline: await messageOf(
              await axios.get('http://127.0.0.1:9', { adapter }).catch((thrown: unknown) => thrown),
            ),
          }
        },
        { url: server.url(), adapter },
      )

      expect(found).toEqual({
        messages: Array(4).fill('upload unknown not found'),
        error: { code: 'upload_not_found', status: 404, detail: 'upload unknown not found' },
        name: 'ä.txt',
        offline: expect.stringMatching(/./),
      })
    },
  )
}

const inPage =
  (page: Page): Run =>
  (scenario, argument) =>
    page.evaluate(`(${scenario})((name) => import('/' + name + '.js'), ${JSON.stringify(argument)})`)

/** A site of another origin, with the client as a bundler makes it. */
function givenSite(): () => string {
  const files = new Map<string, string>()
  const site = createServer((request, response) => {
    const source = files.get((request.url ?? '').slice(1))
    response.setHeader('Content-Type', source === undefined ? 'text/html' : 'text/javascript')
    response.end(source ?? '<!doctype html><link rel="icon" href="data:,">')
  })
  beforeAll(async () => {
    const built = (await build({
      configFile: false,
      logLevel: 'warn',
      build: { write: false, minify: false, target: 'es2022', lib: { entry: MODULES, formats: ['es'] } },
    })) as Rolldown.RolldownOutput[]
    for (const output of built.flatMap((one) => one.output))
      if (output.type === 'chunk') files.set(output.fileName, output.code)
    await new Promise<void>((listening) => site.listen(0, '127.0.0.1', listening))
  })
  afterAll(() => {
    site.closeAllConnections()
    site.close()
  })
  return () => `http://127.0.0.1:${(site.address() as AddressInfo).port}/`
}
