import { once } from 'node:events'
import { renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Kysely } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { up } from '../../../migrations/0018_check_links_fails.ts'
import { givenFile } from '../../helpers/client.ts'
import { fourCorners, image } from '../../helpers/images.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'

const DAY = 24 * 3_600_000

/** Paths of all blobs. */
const stored = ({ dataDir }: TestApp): string[] => storedFiles(dataDir)

/** A file together with the path of its bytes. */
async function givenStored(app: TestApp, content: string) {
  const before = stored(app)
  const file = await givenFile(app, {}, content)
  return { ...file, path: stored(app).find((path) => !before.includes(path)) as string }
}

/** Runs a job to its end; returns what one of its steps says. */
async function run({ jobEngine }: TestApp, name: string, step = 1) {
  const { ended } = await jobEngine.control.start(name, 'test')
  const { run: outcome, steps } = await jobEngine.control.getRun((await ended).id)
  const { message, rows, files } = steps[step - 1] ?? {}
  return { outcome: outcome.outcome, message, rows, files }
}

async function faultsOf(app: TestApp, files: { upload: { id: string } }[]): Promise<unknown[]> {
  const answers = files.map(async ({ upload }) => (await fetch(`${app.url}/upload/${upload.id}`)).json())
  return (await Promise.all(answers)).map((answer) => (answer as { files: { fault?: string }[] }).files[0]?.fault)
}

const figure = (app: TestApp, name: string) => app.jobEngine.figures.find((one) => one.name === name)?.read()

test('files whose bytes are gone or cut are marked, reported and counted, and healed when the bytes are back', async () => {
  const app = await makeApp()
  const files = [
    await givenStored(app, 'whole'),
    await givenStored(app, 'gone'),
    await givenStored(app, 'cut'),
  ] as const
  renameSync(files[1].path, `${files[1].path}.away`)
  truncateSync(files[2].path, 1)

  const found = await run(app, 'check-links', 2)

  expect(found).toMatchObject({ outcome: 'failed', files: 3, rows: 2 })
  expect(found.message).toContain('3 files checked: 1 without their bytes, 1 of the wrong size, 0 healed')
  expect(await faultsOf(app, [...files])).toEqual([undefined, 'missing', 'size'])
  expect(await figure(app, 'mayfly_broken_files')).toBe(2)

  renameSync(`${files[1].path}.away`, files[1].path)
  expect((await run(app, 'check-links', 2)).message).toContain('0 without their bytes, 1 of the wrong size, 1 healed')
  expect(await faultsOf(app, [...files])).toEqual([undefined, undefined, 'size'])
  expect(await figure(app, 'mayfly_broken_files')).toBe(1)
})

test('a variant that lost its bytes is deleted, and made again on request', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, {}, new Uint8Array(await image(fourCorners()).png().toBuffer()), 'x.png')
  const [original] = stored(app)
  expect((await fetch(`${url}?width=64`)).status).toBe(200)
  const derived = stored(app).find((path) => path !== original) as string
  renameSync(derived, `${derived}.away`)

  expect((await run(app, 'check-links', 2)).message).toContain('1 derived pictures forgotten')

  expect((await fetch(`${url}?width=64`)).status).toBe(200)
})

test('a variant that lost its bytes is made again at the next request', async () => {
  const app = await makeApp()
  const { url } = await givenFile(app, {}, new Uint8Array(await image(fourCorners()).png().toBuffer()), 'x.png')
  const [original] = stored(app)
  expect((await fetch(`${url}?width=64`, { method: 'HEAD' })).status).toBe(200) // made, but not opened
  unlinkSync(stored(app).find((path) => path !== original) as string)

  const lost = await fetch(`${url}?width=64`)

  expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, '1'])
  expect((await fetch(`${url}?width=64`)).status).toBe(200)
})

test('an operator for failures is notified of what a check found', async () => {
  const app = await makeApp({ WEBHOOK_PRIVATE_ADDRESSES: 'true' })
  const { path } = await givenStored(app, 'gone')
  unlinkSync(path)
  const told: string[] = []
  const hook = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text) => told.push(text))
    request.on('end', () => response.end())
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void hook.close())
  await once(hook, 'listening')
  const { port } = hook.address() as AddressInfo
  const { jobs, operators, notifications } = app.jobEngine
  await operators.create({ name: 'ops', kind: 'webhook', target: `http://127.0.0.1:${port}/` })
  for (const name of ['check-links', 'verify-digests']) {
    await jobs.change(name, { operator: 'ops', notifyOn: 'failure' })
    await run(app, name)
  }

  await notifications.deliver()

  expect(told.join()).toContain('1 files checked: 1 without their bytes')
  expect(told.join()).toContain('1 files read, 1 broken')
})

test('the job of an older database looks for damage last, too, unless it was changed', async () => {
  const { app, db } = await makeAppWithDatabase()
  const actions = async () => (await app.jobEngine.jobs.get('check-links')).steps.map(({ action }) => action)
  const before = (await app.jobEngine.jobs.get('check-links')).steps
  const [orphans, look] = before.map(({ step: _, ...rest }) => rest)
  const old = [
    { ...look, onFailure: 'next' as const },
    { ...orphans, onFailure: 'quit_failure' as const },
  ]
  await app.jobEngine.jobs.change('check-links', { steps: old as never })

  await up(db as unknown as Kysely<unknown>)

  const { steps } = await app.jobEngine.jobs.get('check-links')
  expect(steps).toEqual(before)
  await app.jobEngine.jobs.change('check-links', { steps: [{ ...look, onFailure: 'quit_success' }, orphans] as never })
  await up(db as unknown as Kysely<unknown>)
  expect(await actions()).toEqual(['check-links', 'remove-orphans'])
})

test('bytes that changed are found by their digest, and only reading them heals', async () => {
  const app = await makeApp()
  const files = [await givenStored(app, 'whole'), await givenStored(app, 'right')] as const
  writeFileSync(files[1].path, 'wrong')

  expect(await run(app, 'verify-digests')).toMatchObject({
    outcome: 'failed',
    message: '2 files read, 1 broken; none is left.',
  })
  expect(await faultsOf(app, [...files])).toEqual([undefined, 'digest'])

  writeFileSync(files[1].path, 'right')
  await run(app, 'check-links')
  expect(await faultsOf(app, [...files])).toEqual([undefined, 'digest'])
  expect((await run(app, 'verify-digests')).message).toBe('0 files read, 0 broken; none is left.')
  app.advance(30 * DAY + 1)
  expect((await run(app, 'verify-digests')).message).toBe('2 files read, 0 broken; none is left.')
  expect(await figure(app, 'mayfly_broken_files')).toBe(0)
})

test('bytes that are gone or cut are found by reading, too', async () => {
  const app = await makeApp()
  const files = [await givenStored(app, 'gone'), await givenStored(app, 'cut')] as const
  renameSync(files[0].path, `${files[0].path}.away`)
  truncateSync(files[1].path, 1)

  expect((await run(app, 'verify-digests')).message).toBe('2 files read, 2 broken; none is left.')

  expect(await faultsOf(app, [...files])).toEqual(['missing', 'size'])
})

test('reading takes as long as its rate says, and a stop in the middle leaves the rest to the next run', async () => {
  const app = await makeApp()
  for (const name of ['a', 'b', 'c']) await givenStored(app, name.repeat(500))
  const step = { name: 'read', action: 'verify-digests', parameters: { bytesPerSecond: 1_000 } }
  await app.jobEngine.jobs.change('verify-digests', { steps: [{ ...step, timeoutSeconds: 1 }] })

  const cut = await run(app, 'verify-digests')
  expect(cut).toMatchObject({ outcome: 'failed', message: 'The step took longer than 1 s.' })
  expect(cut.files).toBeGreaterThanOrEqual(1)
  expect(cut.files).toBeLessThanOrEqual(2)

  const fast = { ...step, parameters: { bytesPerSecond: 1_000_000 } }
  await app.jobEngine.jobs.change('verify-digests', { steps: [fast] })
  expect((await run(app, 'verify-digests')).files).toBe(3 - (cut.files as number))
})
