import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'
import { freePort } from '../helpers/postgres-server.ts'

/**
 * The commands of docs/deployment.md for systemd, as they are written there, on a copy of the repository. Paths get a folder in
 * front, `systemctl` starts what the unit says as its user would be, and `npm ci` takes the packages that are installed here.
 */

const isRoot = process.getuid?.() === 0
const ROOT = join(import.meta.dirname, '../..')
const SERVICE = '65534'

/** The commands below a heading of docs/deployment.md. */
function commandsBelow(heading: string): string {
  const [, rest = ''] = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8').split(`\n${heading}\n`)
  return /```sh\n(.*?)```/s.exec(rest)?.[1] ?? ''
}

/** Installs once and builds the page once, since all versions here have the same. The lock marks what is for development. */
const NPM = `#!/usr/bin/env node
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
const [command, ...args] = process.argv.slice(2)
const run = (program, ...words) => execFileSync(program, words, { stdio: 'inherit' })
if (command === 'ci' && !existsSync('node_modules/rolldown')) run('cp', '-alf', '${ROOT}/node_modules', '.')
if (command === 'run' && !existsSync('web/dist')) run('node', 'node_modules/vite/bin/vite.js', 'build', 'web')
if (command === 'run') run('node', 'scripts/bundle-server.ts')
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
if (args.includes('--omit=dev'))
  for (const [path, { dev }] of Object.entries(packages)) if (dev) rmSync(path, { recursive: true, force: true })
`

/** Starts and stops what the unit says. */
const systemctl = (root: string) => `#!/bin/bash
unit=${root}/etc/systemd/system/mayfly.service
value() { sed -n "s/^$1=-\\?//p" $unit; }
case "$*" in
*start*|*enable*)
  mkdir -p ${root}/var/lib/mayfly; chown ${SERVICE} ${root}/var/lib/mayfly; chmod 0700 ${root}/var/lib/mayfly
  cd "$(value WorkingDirectory)"
  set -a; for file in $(value EnvironmentFile); do . $file; done
  setpriv --reuid=${SERVICE} --regid=${SERVICE} --clear-groups $(value ExecStart) >>${root}/log 2>&1 &
  echo $! >${root}/pid ;;
*stop*) kill $(cat ${root}/pid); tail --pid=$(cat ${root}/pid) -f /dev/null ;;
esac
`

/** An empty machine below a folder, and a repository to clone. */
async function givenMachine() {
  const root = temporaryFolder()
  chmodSync(root, 0o755)
  const port = String(await freePort())
  const below = (text: string) =>
    text
      .replaceAll(/(?<=[\s=-])\/(?=(?:opt|etc|root|var|usr\/local)\/)/g, `${root}/`)
      .replaceAll('/usr/bin/node', process.execPath)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`)
      .replaceAll('https://example.org/mayfly.git', `${root}/origin`)
  for (const folder of ['bin', 'opt', 'root', 'var/lib', 'etc/systemd/system', 'usr/local/bin'])
    mkdirSync(join(root, folder), { recursive: true })
  const programs = { npm: NPM, systemctl: systemctl(root), useradd: '#!/bin/sh\n' }
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(root, 'bin', name), text, { mode: 0o755 })
  const git = givenRepository(root)
  for (const name of ['mayfly', 'mayfly.service', 'mayfly.env']) {
    const file = join(root, 'origin/deploy', name)
    writeFileSync(file, below(readFileSync(file, 'utf8')) + (name === 'mayfly.env' ? `MAYFLY_PORT=${port}\n` : ''))
  }
  git('add', '--all')
  git('commit', '--quiet', '--message', 'a version')
  onTestFinished(() => {
    if (existsSync(join(root, 'pid'))) spawnSync('kill', ['-9', readFileSync(join(root, 'pid'), 'utf8').trim()])
  })
  const PATH = [join(root, 'bin'), join(root, 'usr/local/bin'), join(ROOT, 'node_modules/.bin'), process.env.PATH].join(
    ':',
  )
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('MAYFLY_') && name !== 'NODE_ENV')
  const run = (commands: string): string =>
    execFileSync('bash', ['-euc', `umask 022; ${below(commands)}`], {
      cwd: root,
      env: { ...Object.fromEntries(inherited), PATH },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  return { root, url: `http://127.0.0.1:${port}`, run, git }
}

function givenRepository(root: string): (...args: string[]) => void {
  const origin = join(root, 'origin')
  const isSource = (path: string) => !/\/(node_modules|\.git|dist|data|tests)$/.test(path)
  cpSync(ROOT, origin, { recursive: true, filter: isSource })
  const git = (...args: string[]) =>
    void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: origin })
  git('init', '--quiet', '--initial-branch=main')
  return git
}

const A_MIGRATION = `export const up = (db) => db.schema.createTable('of_the_next_version').addColumn('id', 'text').execute()\n`

test.runIf(isRoot)('the commands for systemd give a server with its page, an upgrade and the way back', async () => {
  const { root, url, run, git } = await givenMachine()

  const installed = run(commandsBelow('## systemd'))

  expect(installed).toMatch(/^ok\nGenerated password for user admin is \S+\n$/m)
  run(`systemd-analyze verify ${root}/etc/systemd/system/mayfly.service`)
  expect(await (await fetch(`${url}/`)).text()).toContain('<script type="module"')
  expect(existsSync(join(root, 'opt/mayfly/node_modules/vite'))).toBe(false)
  expect(statSync(join(root, 'etc/mayfly.env')).mode & 0o777).toBe(0o600)
  const link = (await (await fetch(`${url}/a.txt`, { method: 'PUT', body: 'kept' })).text()).trim()

  writeFileSync(join(root, 'origin/migrations/9999_of_the_next_version.ts'), A_MIGRATION)
  git('add', '--all')
  git('commit', '--quiet', '--message', 'the next version')
  run(commandsBelow('### Upgrade under systemd'))
  await answers(url)
  expect(await (await fetch(link)).text()).toBe('kept')

  run(commandsBelow('### The way back'))
  await answers(url)
  expect(await (await fetch(link)).text()).toBe('kept')
  expect(run('mayfly user list')).toContain('local:admin')
  expect(statSync(join(root, 'var/lib/mayfly/mayfly.db')).uid).toBe(Number(SERVICE))
  run('systemctl stop mayfly')
})

const answers = (url: string): Promise<void> =>
  expect
    .poll(
      () =>
        fetch(`${url}/health`).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 30_000 },
    )
    .toBe(200)
