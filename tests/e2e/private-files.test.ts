import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runCommand } from '../helpers/command-line.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { spawnServer } from '../helpers/spawn-server.ts'

const withUmask = (umask: string): string[] => ['sh', '-c', `umask ${umask}; exec "$@"`, 'sh']

/** The permissions of every file and folder, as `0600 mayfly.db`. */
function modesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = [folder, ...entries.map(({ parentPath, name }) => join(parentPath, name))]
  return paths.map(
    (path) => `${(statSync(path).mode & 0o777).toString(8).padStart(4, '0')} ${path.slice(folder.length + 1)}`,
  )
}

test.each(['0', '022'])(
  'with a umask of %s, all that a server and its commands write is private',
  async (umask) => {
    const DATA_DIR = join(temporaryFolder(), 'data')
    const server = await spawnServer({ DATA_DIR }, {}, withUmask(umask))
    await (await fetch(`${server.url}/a.txt`, { method: 'PUT', body: 'private' })).text()
    const modes = modesIn(DATA_DIR)
    expect(modes.filter((line) => /mayfly\.db(-wal|-shm)?$/.test(line))).toHaveLength(3)
    await server.kill('SIGTERM')

    expect(await runCommand(['backup'], { DATA_DIR }, withUmask(umask))).toMatchObject({ code: 0 })
    const [backup = ''] = readdirSync(join(DATA_DIR, 'backups'))
    const restored = await runCommand(['restore', join(DATA_DIR, 'backups', backup)], { DATA_DIR }, withUmask(umask))
    expect(restored).toMatchObject({ code: 0 })
    modes.push(...modesIn(DATA_DIR))

    expect(modes.filter((line) => line.includes('mayfly.db.before-')).length).toBeGreaterThan(0)
    expect(modes.filter((line) => !/^(0600|0700) /.test(line))).toEqual([])
  },
  60_000,
)

test('folders of the operator keep their mode, and what is written into them is private', async () => {
  const [DATA_DIR, BACKUP_DIR] = [temporaryFolder(), temporaryFolder()].map((folder) => join(folder, 'shared'))
  for (const folder of [DATA_DIR, BACKUP_DIR] as string[]) mkdirSync(folder, { mode: 0o750 })
  const settings = { DATA_DIR: DATA_DIR as string, BACKUP_DIR: BACKUP_DIR as string }

  expect(await runCommand(['migrate'], settings, withUmask('0'))).toMatchObject({ code: 0 })
  expect(await runCommand(['backup'], settings, withUmask('0'))).toMatchObject({ code: 0 })

  expect(modesIn(settings.BACKUP_DIR)).toEqual(['0750 ', expect.stringMatching(/^0600 mayfly-.*\.db$/)])
  expect(modesIn(settings.DATA_DIR)).toEqual(expect.arrayContaining(['0750 ', '0600 mayfly.db', '0700 files']))
}, 60_000)
