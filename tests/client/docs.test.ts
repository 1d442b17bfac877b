import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build, type Rolldown } from 'vite'
import { afterAll, describe, expect, test } from 'vitest'
import { createClient } from '../../client/src/mayfly-client.ts'
import { withTypes } from '../../scripts/client-docs.ts'
import { hasBrowser, useBrowser } from '../helpers/browser.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { sharedServer } from '../helpers/spawn-server.ts'
import { MIB, randomFile } from './given.ts'

/** Every block of JavaScript in docs/client.md and docs/axios.md, run as it stands there. */

const ROOT = resolve(import.meta.dirname, '../..')
/** What a project would have installed. */
const PACKAGES = {
  'mayfly-client/axios': join(ROOT, 'client/src/axios.ts'),
  'mayfly-client/node': join(ROOT, 'client/node/mayfly-client-node.ts'),
  'mayfly-client': join(ROOT, 'client/src/mayfly-client.ts'),
}
const folder = mkdtempSync(join(ROOT, 'node_modules/.cache/client-docs-'))
const blocks = ['client.md', 'axios.md'].flatMap(blocksOf)

const server = sharedServer()
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes them as files; returns their paths. */
function blocksOf(page: string): string[] {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8')
  const found = [...text.matchAll(/```js\n\/\/ (\S+\.js)\n(.*?)```/gs)]
  expect(found).toHaveLength(text.match(/```js/g)?.length ?? 0)
  mkdirSync(join(folder, page))
  return found.map(([, name = '', source = '']) => {
    writeFileSync(join(folder, page, name), withPaths(source))
    return `${page}/${name}`
  })
}

function withPaths(source: string): string {
  const names = Object.entries(PACKAGES)
  return names.reduce((text, [name, path]) => text.replaceAll(`'${name}'`, `'${pathToFileURL(path)}'`), source)
}

const load = (block: string) => import(pathToFileURL(join(folder, block)).href)

test('all of them are run here', () => {
  const source = readFileSync(import.meta.filename, 'utf8')

  expect(blocks.length).toBeGreaterThan(9)
  expect(blocks.filter((block) => !source.includes(`${block}'`) && block !== 'axios.md/client.js')).toEqual([])
})

test('client.md has the options and results of the types; `npm run docs` writes them', () => {
  const file = readFileSync(join(ROOT, 'docs/client.md'), 'utf8')

  expect(withTypes(file)).toBe(file)
  expect(file).toContain('| `oneShot?` | `boolean` | Every file can be downloaded once. |')
})

test('client.md: files are sent, fetched and explained', async () => {
  const { send } = await load('client.md/send.js')
  const { fetchBlob } = await load('client.md/fetch.js')
  const { explain } = await load('client.md/errors.js')
  const shown: unknown[] = []

  const link = await send(server.url(), [{ name: 'a.txt', data: 'hello' }], (...numbers: number[]) =>
    shown.push(numbers),
  )
  const { name, blob } = await fetchBlob(link)

  expect([name, await blob.text(), shown.at(-1)]).toEqual(['a.txt', 'hello', [5, 5]])
  expect(await explain(server.url(), link)).toEqual(['a.txt'])
  expect(await explain(server.url(), `${server.url()}/#/?id=unknown`)).toBe('it is gone')
})

test('client.md: an upload is continued', async () => {
  const { sendOrContinue } = await load('client.md/resume.js')
  const stop = new AbortController()
  let kept: string | undefined
  const store = {
    load: () => (kept === undefined ? undefined : JSON.parse(kept)),
    save: (state: { files: { url?: string }[] }) => {
      kept = JSON.stringify(state)
      if (state.files[0]?.url) stop.abort()
    },
  }
  const file = randomFile(8 * MIB)

  await expect(sendOrContinue(server.url(), [file], store, stop.signal)).rejects.toThrow()
  const begun = store.load().uploadId
  const upload = await sendOrContinue(server.url(), [file], store)

  expect([upload.id, upload.files[0].status]).toEqual([begun, 'uploaded'])
})

test('client.md: a folder is sent, and a file of it is saved', async () => {
  const { thereAndBack } = await load('client.md/node-script.js')
  const directory = temporaryFolder()

  const saved = await thereAndBack(server.url(), join(ROOT, 'storage'), directory)

  expect(saved.path).toBe(join(directory, 'storage/blob-store.ts'))
})

test('client.md: a CI job shares its build', async () => {
  const [, indented = ''] = /\n {2}run: \|\n(.*?)```/s.exec(readFileSync(join(ROOT, 'docs/client.md'), 'utf8')) ?? []
  const job = temporaryFolder()
  mkdirSync(join(job, 'dist'))
  writeFileSync(join(job, 'dist/app.zip'), 'the build')
  const npx = `npx() { shift 2; '${process.execPath}' '${join(ROOT, 'client/terminal/mayfly-send.ts')}' "$@"; }`
  const summary = join(job, 'summary.md')
  const env = { PATH: process.env.PATH, HOME: job, MAYFLYSEND_SERVER: server.url(), GITHUB_STEP_SUMMARY: summary }

  await promisify(execFile)('bash', ['-ec', `${npx}\n${indented}`], { cwd: job, env })

  const [, link = ''] = /^Build: (\S+)$/m.exec(readFileSync(summary, 'utf8')) ?? []
  expect((await createClient({ url: server.url() }).info(link)).files).toMatchObject([{ name: 'app.zip' }])
})

test('axios.md: a file is sent and fetched, and a refusal can be read', async () => {
  const { upload } = await load('axios.md/upload.js')
  const { downloadBlob } = await load('axios.md/download.js')
  const { plainDownload } = await load('axios.md/own-request.js')
  const progress: number[] = []

  const { link } = await upload(server.url(), [{ name: 'ä.txt', data: 'hello' }])
  const { name, blob } = await downloadBlob(link, { onProgress: (received: number) => progress.push(received) })
  const [file] = (await createClient({ url: server.url() }).info(link)).files

  expect([name, await blob.text(), progress.at(-1)]).toEqual(['ä.txt', 'hello', 5])
  expect((await plainDownload(file?.link, 'text')).name).toBe('ä.txt')
  await expect(plainDownload(`${server.url()}/upload/unknown`, 'stream')).rejects.toThrow('upload unknown not found')
})

describe.skipIf(!hasBrowser())('client.md in Chromium', () => {
  const open = useBrowser()

  test('a React component shows progress and link', async () => {
    const page = await open()
    await page.goto(`${server.url()}/health`)
    await page.setContent('<main></main>')
    await page.addScriptTag({ type: 'module', content: await bundled(COMPONENT.replace('URL', server.url())) })

    await page.locator('input').setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }])
    await page.getByText('/#/?id=').waitFor()

    expect(await page.locator('output').textContent()).toMatch(/^1 http:/)
  })

  const COMPONENT = `
    import { h, render } from 'preact'
    import { useUpload } from './client.md/use-upload.js'
    const Sender = () => {
      const { progress, link, error, start } = useUpload('URL')
      const input = h('input', { type: 'file', onChange: (event) => start([...event.target.files]) })
      return [input, h('output', {}, progress, ' ', link, error)]
    }
    render(h(Sender), document.querySelector('main'))`

  /** Preact's hooks are React's. */
  async function bundled(source: string): Promise<string> {
    const entry = join(folder, 'page.js')
    writeFileSync(entry, source)
    const hook = join(folder, 'client.md/use-upload.js')
    writeFileSync(hook, readFileSync(hook, 'utf8').replaceAll('file://', ''))
    const [built] = (await build({
      configFile: false,
      logLevel: 'warn',
      resolve: { alias: { react: 'preact/hooks' } },
      build: {
        write: false,
        target: 'es2022',
        rolldownOptions: { output: { codeSplitting: false } },
        lib: { entry, formats: ['es'] },
      },
    })) as Rolldown.RolldownOutput[]
    return built?.output[0].code ?? ''
  }
})
