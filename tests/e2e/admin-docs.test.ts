import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

/** The commands of docs/accounts.md and docs/jobs.md, run by bash as they are written there, beside a running server. */

const ROOT = resolve(import.meta.dirname, '../..')

/** The commands between a heading and the next one. */
function commandsOf(document: string, heading: string): string {
  const [, rest] = `\n${readFileSync(join(ROOT, 'docs', document), 'utf8')}`.split(`\n${heading}\n`)
  if (rest === undefined) throw new Error(`docs/${document} has no heading ${heading}`)
  const section = rest.split(/\n##+ /)[0] ?? ''
  return [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, code]) => code).join('')
}

/** A server with accounts, and a shell in which `mayfly` and `curl` reach it. A refusal of either ends the script. */
async function givenShell() {
  const server = await spawnServer({ FEATURE_AUTHENTICATION: 'enabled', SMTP_URL: 'smtp://127.0.0.1:9' })
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'photo.jpg'), 'no image, but a file')
  const prelude = `set -euo pipefail
    mayfly() { '${process.execPath}' '${ROOT}/server/dist/mayfly.js' "$@"; }
    curl() { command curl --silent --show-error --fail-with-body "$@"; echo; }
    URL=${server.url}
  `
  const env = { PATH: process.env.PATH, HOME: folder, MAYFLY_DATA_DIR: server.dataDir }
  const settings = { MAYFLY_FEATURE_AUTHENTICATION: 'enabled', MAYFLY_RATE_LIMIT: 'off' }
  return async (script: string): Promise<string> => {
    const options = { cwd: folder, env: { ...env, ...settings } }
    const { stdout } = await promisify(execFile)('bash', ['-c', prelude + script], options)
    return stdout
  }
}

/** The line of `commands` that starts with `start`. */
function lineOf(commands: string, start: string): string {
  const line = commands.split('\n').find((one) => one.startsWith(start))
  if (line === undefined) throw new Error(`no command starts with ${start}`)
  return line
}

test('the commands of docs/accounts.md do what it says', async () => {
  const shell = await givenShell()
  const users = commandsOf('accounts.md', '## Users')
  const tokens = commandsOf('accounts.md', '## Tokens for programs')
  const byHand = commandsOf('accounts.md', "### Plik's command line")

  expect(await shell(users)).toMatch(/grace.*Grace/)
  await shell(lineOf(users, 'mayfly user create --login grace'))
  expect(await shell(commandsOf('accounts.md', '## Sessions'))).toMatch(/"login":"grace".*"name":"Grace"/s)

  const created = await shell(lineOf(tokens, 'mayfly token create'))
  const [token = ''] = /[0-9a-f-]{36}/.exec(created) ?? []
  const upload = lineOf(tokens, 'curl').replace(/X-PlikToken: \S+(?=')/, `X-PlikToken: ${token}`)
  expect(await shell(upload)).toMatch(/^http:\S+\/photo\.jpg$/m)
  const listed = JSON.parse(await shell('mayfly token list --json'))
  const remove = lineOf(tokens, 'mayfly token delete').replace(/--token \S+/, `--token ${listed[0].token}`)
  await shell(`${lineOf(tokens, 'mayfly token list')}\n${remove}`)
  expect(JSON.parse(await shell('mayfly token list --json'))).toEqual([])

  const begun = JSON.parse(await shell(lineOf(byHand, 'curl').replace(/ #.*/, '')))
  const poll = (byHand.split('\n')[1] ?? '')
    .replace('K7QF-9W2X', begun.code)
    .replace('"secret":"…"', `"secret":"${begun.secret}"`)
  expect(JSON.parse(await shell(poll))).toEqual({ status: 'pending' })
})

test('the commands of docs/jobs.md do what it says', async () => {
  const shell = await givenShell()
  const made = await shell(
    commandsOf('jobs.md', '# Jobs')
      .split('\n')
      .filter((line) => line.includes('user create'))
      .join('\n'),
  )
  const [, password = ''] = /is (\S{32})/.exec(made) ?? []
  const asAdministrator = (commands: string) => shell(`PASSWORD=${password}\n${commands}`)
  const job = commandsOf('jobs.md', '## A job')

  const answers = await asAdministrator(`${job}\n${commandsOf('jobs.md', '## Operators')}\nmayfly jobs --json`)
  expect(answers).toContain('"weekly check"')
  expect(answers).toContain('"admin@example.org"')

  const commands = commandsOf('jobs.md', '# Jobs')
    .split('\n')
    .filter((line) => line.startsWith('mayfly jobs'))
  const done = await shell(commands.filter((line) => !line.includes('jobs stop')).join('\n'))
  expect(done).toContain('purge-expired-uploads')
  expect(await shell('mayfly jobs history check-links --json')).toContain('"succeeded"')
})
