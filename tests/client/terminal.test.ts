import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createClient } from '../../client/src/mayfly-client.ts'
import { durationText } from '../../client/terminal/format.ts'
import { lineOf } from '../../client/terminal/progress-bar.ts'
import { cuttingProxy } from '../helpers/cutting-proxy.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { slowLine } from '../helpers/slow-line.ts'
import { sharedServer, spawnServer } from '../helpers/spawn-server.ts'
import { onTerminal, type Terminal, terminal } from './command.ts'
import { MIB, sha256 } from './given.ts'

/** `mayfly-send` against the real server. */

const server = sharedServer({ MAX_FILE_SIZE: '1GB' })

test.each([[], ['--encrypt']])('files and folders are sent and fetched, listed and removed (%s)', async (...flags) => {
  const { run } = terminal({ MAYFLYSEND_SERVER: server.url() })
  const [from, to] = [temporaryFolder(), temporaryFolder()]
  mkdirSync(join(from, 'trip/day 1'), { recursive: true })
  const files = { 'trip/day 1/größe.bin': randomBytes(2 * MIB), 'trip/a.txt': randomBytes(10) }
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(from, name), bytes)

  const sent = await run(['send', ...flags, '--ttl', '1h', '--message', 'hello', join(from, 'trip')])
  const got = await run(['get', '-o', to, '-'], { input: sent.output })
  const listed = await run(['list'])
  const removed = await run(['rm', sent.output.trim()])
  const gone = await run(['get', sent.output.trim()])

  expect(sent).toEqual({ code: 0, output: expect.stringMatching(/^http:\S+\n$/), errors: '' })
  expect(got).toEqual({ code: 0, output: '', errors: '' })
  for (const [name, bytes] of Object.entries(files)) expect(sha256(readFileSync(join(to, name)))).toBe(sha256(bytes))
  expect(listed.output).toMatch(/2\.1 MB {2}expires in (?:1 h|59 min \d+ s) {2,}http:\S+ {2}2 files\n/)
  expect([removed.code, (await run(['list'])).output]).toEqual([0, ''])
  expect([gone.code, gone.errors]).toEqual([1, expect.stringMatching(/^mayfly-send: upload \w+ not found\n$/)])
})

test.each([
  ['photo.JPG', ['--encrypt'], /^mayfly-send: encrypted photos and videos keep their metadata[^\n]*\n$/],
  ['photo.JPG', ['--encrypt', '--keep-pictures'], /^$/],
  ['photo.JPG', [], /^$/],
  ['text.txt', ['--encrypt'], /^$/],
])('%s with %j: a line says whether metadata stays unexpectedly', async (name, flags, errors) => {
  const { run } = terminal({ MAYFLYSEND_SERVER: server.url() })
  const path = join(temporaryFolder(), name)
  writeFileSync(path, 'content')

  const sent = await run(['send', ...flags, path])

  expect(sent).toEqual({
    code: 0,
    output: expect.stringMatching(/^http:\S+\n$/),
    errors: expect.stringMatching(errors),
  })
})

test.each([
  ['SIGKILL', [], null],
  ['SIGINT', ['--encrypt'], 130],
] as const)('the same command continues after %s', async (signal, flags, exitCode) => {
  const line = await slowLine(server.url)
  line.limit(4 * MIB)
  const there = terminal({ MAYFLYSEND_SERVER: line.url })
  const [from, to] = [temporaryFolder(), temporaryFolder()]
  const bytes = randomBytes(12 * MIB)
  writeFileSync(join(from, 'big.bin'), bytes)
  const command = ['send', ...flags, '--one-shot', join(from, 'big.bin')]
  const before = bytesIn(server.dataDir())
  const first = there.start(command)
  await vi.waitFor(() => expect(bytesIn(server.dataDir())).toBeGreaterThan(before + 3 * MIB), { timeout: 60_000 })
  first.child.kill(signal)
  const interrupted = await first.ended
  const [begun] = there.unfinished()
  const kept = await offsetOf(there)
  line.limit(Number.POSITIVE_INFINITY)

  const sent = await there.run(command)
  const got = await there.run(['get', '-o', to, sent.output.trim()])

  expect([interrupted.code, interrupted.output]).toEqual([exitCode, ''])
  if (exitCode !== null) expect(interrupted.errors).toBe('mayfly-send: interrupted; the same command continues\n')
  expect(kept).toBeGreaterThan(MIB)
  expect(sent.output).toContain(begun?.uploadId)
  expect(there.unfinished()).toEqual([])
  expect([got.code, sha256(readFileSync(join(to, 'big.bin')))]).toEqual([0, sha256(bytes)])
})

test('a download continues after kill -9, and nothing is fetched twice', async () => {
  const line = await slowLine(server.url)
  const there = terminal({ MAYFLYSEND_SERVER: server.url() })
  const [from, to] = [temporaryFolder(), temporaryFolder()]
  const files = { 'a.bin': randomBytes(MIB), 'b.bin': randomBytes(24 * MIB) }
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(from, name), bytes)
  const sent = await there.run(['send', '--one-shot', '--encrypt', join(from, 'a.bin'), join(from, 'b.bin')])
  const command = ['get', '-o', to, sent.output.trim().replace(server.url(), line.url)]
  const partSize = () =>
    Math.max(
      0,
      ...readdirSync(to)
        .filter((name) => name.endsWith('.part'))
        .map((name) => statSync(join(to, name)).size),
    )
  line.limitAnswers(4 * MIB)
  const first = there.start(command)
  await vi.waitFor(() => expect(partSize()).toBeGreaterThan(4 * MIB), { timeout: 60_000 })
  first.child.kill('SIGKILL')
  await first.ended
  line.limitAnswers(Number.POSITIVE_INFINITY)

  const again = await there.run(command)

  expect(again).toEqual({ code: 0, output: '', errors: '' })
  expect(readdirSync(to).sort()).toEqual(['a.bin', 'b.bin'])
  for (const [name, bytes] of Object.entries(files)) expect(sha256(readFileSync(join(to, name)))).toBe(sha256(bytes))
})

test('the server may be killed while files are sent and while they are fetched', async () => {
  const folder = temporaryFolder()
  let spawned = await spawnServer({ DATA_DIR: folder })
  const restart = async () => {
    await spawned.kill('SIGKILL')
    spawned = await spawnServer({ DATA_DIR: folder })
  }
  const proxy = await cuttingProxy(() => spawned.url)
  const there = terminal({ MAYFLYSEND_SERVER: proxy.url })
  const [from, to] = [temporaryFolder(), temporaryFolder()]
  const bytes = randomBytes(24 * MIB)
  writeFileSync(join(from, 'big.bin'), bytes)
  const sending = there.start(['send', join(from, 'big.bin')])
  await vi.waitFor(() => expect(there.unfinished()[0]?.files[0]?.url).toBeDefined(), { timeout: 60_000 })
  await restart()
  const sent = await sending.ended
  proxy.answerCuts.push(6 * MIB)
  const getting = there.start(['get', '-o', to, sent.output.trim()])
  await vi.waitFor(() => expect(readdirSync(to).length).toBeGreaterThan(0), { timeout: 60_000 })
  await restart()
  const got = await getting.ended

  expect([sent.code, got.code]).toEqual([0, 0])
  expect(sha256(readFileSync(join(to, 'big.bin')))).toBe(sha256(bytes))
})

test('the standard input is sent, and a file is written to the standard output', async () => {
  const { run } = terminal({ MAYFLYSEND_SERVER: server.url() })

  const sent = await run(['-', '--name', 'notes.txt', '--encrypt', '--json'], { input: 'from a pipe' })
  const { link, files } = JSON.parse(sent.output)
  const got = await run(['get', '-o', '-', link])

  expect(files).toEqual([{ name: 'notes.txt', size: 11, link: expect.stringContaining('e2ee=2') }])
  expect(got).toEqual({ code: 0, output: 'from a pipe', errors: '' })
})

test('guests send to the link of a request', async () => {
  const { run } = terminal({ MAYFLYSEND_SERVER: server.url() })
  const guest = terminal({})
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'photo.bin'), 'photo')

  const made = await run(['request', '--title', 'Photos', '--max-files', '1', '--json'])
  const { link, uploadLink } = JSON.parse(made.output)
  const sent = await guest.run(['send', '--to', link, join(folder, 'photo.bin')])
  const refused = await guest.run(['send', '--to', link, join(folder, 'photo.bin')])
  const got = await run(['get', '--zip', '-o', join(folder, 'zips'), uploadLink])

  expect([sent.code, sent.errors, refused.code, got.code]).toEqual([0, '', 1, 0])
  expect(readdirSync(join(folder, 'zips'))).toEqual([expect.stringMatching(/^mayfly-\w+\.zip$/)])
})

test('a terminal shows progress and a QR code, and is asked for passwords', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'a.bin'), randomBytes(1000))
  const password = 'tell nobody'

  const sent = await typed(['send', '--password', '--qr', '--server', server.url(), join(folder, 'a.bin')], password)
  const link = /http:\S+/.exec(sent)?.[0] ?? ''
  const got = await typed(['get', '-o', join(folder, 'to'), link], password)

  expect(sent).toMatch(/a\.bin {2}100% \[=+\] {2}1\.0 kB of 1\.0 kB/)
  expect(sent).toContain('▀')
  expect(sent.split('\n').some((shown) => shown.includes(`Password: ${password}`))).toBe(false)
  expect((await createClient({ url: server.url() }).info(link, { password })).hasPassword).toBe(true)
  expect(got).toContain('to/a.bin')
})

test.each([
  ['no server', ['send', 'package.json'], 2, 'mayfly-send: which server?'],
  ['no command', [], 2, 'Usage: mayfly-send'],
  ['an unknown option', ['send', '--tll', '1h', 'package.json'], 2, "error: unknown option '--tll'"],
  ['a file that is not there', ['send', '--server', 'URL', 'nix'], 1, 'mayfly-send: nix: no such file or directory'],
  [
    'a server that is away',
    ['send', '--server', 'http://127.0.0.1:9', 'package.json'],
    3,
    'mayfly-send: connection failed',
  ],
  ['no link', ['get', 'package.json'], 2, 'mayfly-send: a link starts with http'],
  [
    'a time that is none',
    ['send', '--server', 'URL', '--ttl', 'soon', 'package.json'],
    2,
    'mayfly-send: not a duration',
  ],
  [
    'a refusal',
    ['send', '--server', 'URL', '--ttl', '9000d', 'package.json'],
    1,
    'mayfly-send: unable to create upload',
  ],
  [
    'a password without a terminal',
    ['send', '--server', 'URL', '--password', 'package.json'],
    2,
    'mayfly-send: there is no terminal',
  ],
])('%s ends with a clear error', async (_what, args, code, errors) => {
  const { run } = terminal({})
  const prefix = args.includes('--password') ? ['setsid', '--wait'] : [] // without the terminal in which the tests run

  const ended = await run(
    args.map((word) => (word === 'URL' ? server.url() : word)),
    { prefix },
  )

  expect(ended).toEqual({ code, output: '', errors: expect.stringContaining(errors) })
})

test('the line of progress fits what it tells', () => {
  expect(lineOf('a', 45, 100, 11)).toBe('a  45% [=========>          ]  45 B of 100 B  11 B/s  5 s left')
  expect(lineOf('a', 0, 0, 0)).toBe('a  100% [====================]  0 B of 0 B  0 B/s')
  expect(lineOf('a', 1_234_000, undefined, 5_000)).toBe('a  1.2 MB  5.0 kB/s')
  expect([0, 59.6, 125, 3_600, 100_000].map(durationText)).toEqual(['0 s', '1 min', '2 min 5 s', '1 h', '1 d 3 h'])
})

/** What the server has stored. Asking it for the offset would end the request that sends (tus: a newer request takes over). */
const bytesIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0)

/** How far the server has come with the only file that is unfinished. */
async function offsetOf({ unfinished }: Terminal): Promise<number> {
  const url = unfinished()[0]?.files[0]?.url ?? ''
  const answer = await fetch(new URL(new URL(url).pathname, server.url()), {
    method: 'HEAD',
    headers: { 'Tus-Resumable': '1.0.0' },
  })
  return Number(answer.headers.get('Upload-Offset'))
}

/** What a terminal shows when `keys` are typed once it asks. */
async function typed(args: string[], keys: string): Promise<string> {
  const [program = '', ...rest] = onTerminal(args)
  const child = spawn(program, rest, { env: { ...process.env, XDG_STATE_HOME: temporaryFolder() } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let shown = ''
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk
    if (/(?:Password|Once more): $/.test(shown)) child.stdin.write(`${keys}\n`)
  })
  await Promise.all([once(child, 'close'), text(child.stderr)])
  return shown
}
