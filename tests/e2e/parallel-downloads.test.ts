import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'
import { isInstalled } from '../helpers/programs.ts'
import { sharedServer } from '../helpers/spawn-server.ts'

/** Programs that fetch one file over several connections. `slow-line.test.ts` cancels and resumes them. */

const run = promisify(execFile)
const server = sharedServer()

async function givenFile(size: number, options: string[]) {
  const folder = temporaryFolder()
  const [path, out] = [join(folder, 'file.bin'), join(folder, 'out')]
  writeFileSync(path, randomBytes(size))
  const form = ['file=@file.bin', ...options].flatMap((field) => ['-F', field])
  const { stdout } = await run('curl', ['-sSf', ...form, server.url()], { cwd: folder })
  const url = stdout.trim()
  const others = async () => (await fetch(url, { headers: { 'User-Agent': 'another' } })).status
  return { url, out, others, isWhole: () => readFileSync(out).equals(readFileSync(path)) }
}

const RCLONE = ['--config', '/dev/null', '-q', '--multi-thread-cutoff', '1M', '--multi-thread-streams']

const rclone = (...options: string[]) => run('rclone', [...RCLONE, ...options])

const copyTo = (url: string, out: string, streams: string) =>
  rclone(streams, '--http-url', `${dirname(url)}/`, 'copyto', ':http:file.bin', out)

test.skipIf(!isInstalled('rclone'))('rclone with 4 streams fetches a file without a limit', async () => {
  const { url, out, isWhole } = await givenFile(8_000_000, [])

  await copyTo(url, out, '4')

  expect(isWhole()).toBe(true)
})

test.skipIf(!isInstalled('rclone'))('rclone copyurl fetches a one-shot file, whatever its streams', async () => {
  const { url, out, isWhole, others } = await givenFile(8_000_000, ['oneShot=true'])

  await rclone('4', 'copyurl', url, out)

  expect([isWhole(), await others()]).toEqual([true, 404])
})

test.skipIf(!isInstalled('rclone'))(
  'rclone copyto with 4 streams is refused a one-shot file, and gets it with one connection',
  async () => {
    const { url, out, isWhole, others } = await givenFile(40_000_000, ['oneShot=true']) // more than a connection takes at once

    await expect(copyTo(url, out, '4')).rejects.toMatchObject({ stderr: expect.stringContaining('423 Locked') })
    await copyTo(url, out, '0')

    expect([isWhole(), await others()]).toEqual([true, expect.toBeOneOf([423, 404])])
  },
)

test.skipIf(!isInstalled('axel')).each([50_000, 900_000, 3_000_000])(
  'axel with 4 connections fetches a one-shot file of %i bytes',
  async (size) => {
    const { url, out, isWhole, others } = await givenFile(size, ['oneShot=true'])

    await run('axel', ['-q', '-n', '4', '-o', out, url])

    expect([isWhole(), await others()]).toEqual([true, expect.toBeOneOf([423, 404])])
  },
)
