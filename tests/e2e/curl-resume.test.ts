import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { cuttingProxy } from '../helpers/cutting-proxy.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

/** The real curl over a line that breaks, and what people paste into their terminal then. */

const MIB = 1024 * 1024

async function terminal(command: string, folder: string): Promise<{ code: number; output: string }> {
  const run = promisify(execFile)('bash', ['-c', command], { cwd: folder, maxBuffer: 64 * MIB })
  const { stdout, code } = await run.then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  )
  return { code, output: stdout }
}

function givenFolder(name: string, length: number) {
  const folder = temporaryFolder()
  const bytes = randomBytes(length)
  writeFileSync(join(folder, name), bytes)
  return { folder, bytes }
}

const resumeCommandIn = (output: string): string => /^x-mayfly-resume: (.*)\r$/im.exec(output)?.[1] ?? ''

const download = async (url: string, link: string): Promise<Buffer> =>
  Buffer.from(await (await fetch(`${url}${new URL(link.trim()).pathname}`)).arrayBuffer())

test('an interrupted upload resumes with the command that the server printed, several times', async () => {
  const server = await spawnServer()
  const proxy = await cuttingProxy(() => server.url)
  const { folder, bytes } = givenFolder("it's big.bin", 12 * MIB)
  proxy.cuts.push(5 * MIB)
  const { code, output } = await terminal(`curl -sS -i -T "it's big.bin" ${proxy.url}/`, folder)
  expect(code).not.toBe(0)
  expect(output).toContain('HTTP/1.1 104 ')
  const command = resumeCommandIn(output)

  proxy.cuts.push(Number.POSITIVE_INFINITY, 3 * MIB)
  const second = await terminal(command, folder)
  expect(second.code).not.toBe(0)
  const third = await terminal(command, folder)

  expect(third.code).toBe(0)
  expect((await download(server.url, third.output)).equals(bytes)).toBe(true)
})

test('an upload that falls silent is answered with a command that continues', async () => {
  const server = await spawnServer({ IDLE_TIMEOUT: '1s' })
  const { folder, bytes } = givenFolder('slow.bin', 3 * MIB)

  const { output } = await terminal(
    `(head -c ${2 * MIB} slow.bin; sleep 5) | curl -sS -T - ${server.url}/slow.bin`,
    folder,
  )
  const [why, , command = ''] = output.split('\n')
  const resumed = await terminal(command, folder)

  expect(why).toBe('timed out waiting for data')
  expect((await download(server.url, resumed.output)).equals(bytes)).toBe(true)
})

test('an interrupted upload resumes after the server was killed', async () => {
  const dataDir = temporaryFolder()
  let server = await spawnServer({ DATA_DIR: dataDir })
  const proxy = await cuttingProxy(() => server.url)
  const { folder, bytes } = givenFolder('big.bin', 12 * MIB)
  proxy.cuts.push(7 * MIB)
  const { output } = await terminal(`curl -sS -i -T big.bin ${proxy.url}/`, folder)

  await server.kill('SIGKILL')
  server = await spawnServer({ DATA_DIR: dataDir })
  const resumed = await terminal(resumeCommandIn(output), folder)

  expect(resumed.code).toBe(0)
  expect((await download(server.url, resumed.output)).equals(bytes)).toBe(true)
}, 60_000)

test('a refusal in the middle says why, and leaves nothing', async () => {
  const server = await spawnServer({ MAX_FILE_SIZE: '2MB' })
  const { folder } = givenFolder('big.bin', 5 * MIB)

  const { output } = await terminal(`cat big.bin | curl -sS -T - ${server.url}/big.bin`, folder)

  expect(output).toBe('file too big (limit is set to 2.0 MB)\n')
  expect(readdirSync(join(server.dataDir, 'files', 'tmp'))).toEqual([])
})
