import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { makeApp } from '../../helpers/make-app.ts'
import { isInstalled } from '../../helpers/programs.ts'
import { givenEncrypted, givenEncryptedElsewhere } from './encrypted.ts'

/** The commands of the page, in a real shell with curl and the age that Debian ships. */

/** Runs a line in a folder, in a terminal of its own (`script`), where `passphrase` is typed whenever it is asked for. */
async function typed(line: string, folder: string, passphrase = ''): Promise<{ code: number; output: string }> {
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: folder, env: { ...process.env, SHELL: '/bin/sh' } })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdout.on('data', (output: Buffer) => {
    if (/passphrase.*: *$/.test(output.toString())) child.stdin.write(`${passphrase}\n`)
  })
  const ended = new Promise<number>((resolve) => child.on('close', resolve))
  const [output, code] = await Promise.all([text(child.stdout), ended])
  return { code, output }
}

async function commandOn(page: Page, link: string): Promise<string> {
  await page.goto(link)
  await page.getByText('Download from a terminal, with age').first().click()
  return page.getByRole('textbox', { name: 'Download from a terminal, with age' }).inputValue()
}

function contentsOf(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name))
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]))
}

describe.skipIf(!hasBrowser() || !isInstalled('age'))('the command for the terminal', () => {
  const open = useBrowser()

  test('fetches every encrypted file into its folder, whatever the files are called', async () => {
    const app = await makeApp()
    const files = {
      'day 1/photo.txt': 'first',
      "day 2's/photo.txt": 'second',
      'photo.txt': 'third',
      'key.txt': 'not a key',
      '-': 'dash',
      '$(touch ran)`touch ran`.txt': 'inert',
    }
    const { link } = await givenEncrypted(
      app,
      Object.entries(files).map(([path, content]) => ({ path, content })),
    )
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'mine.txt'), 'was there before')

    const { code, output } = await typed(await commandOn(await open(), link), folder)

    expect({ code, output }).toEqual({ code: 0, output: '' })
    expect(contentsOf(folder)).toEqual({ ...files, 'mine.txt': 'was there before' })
  })

  test('keeps files apart that have one name', async () => {
    const app = await makeApp()
    const { link } = await givenEncrypted(app, [
      { path: 'a.txt', content: 'first' },
      { path: 'a.txt', content: 'second' },
    ])
    const folder = temporaryFolder()

    await typed(await commandOn(await open(), link), folder)

    expect(contentsOf(folder)).toEqual({ 'a.txt': 'first', 'a (2).txt': 'second' })
  })

  test('lets age ask for the passphrase', async () => {
    const app = await makeApp()
    const { link } = await givenEncryptedElsewhere(app, ['notes.txt', 'more.txt'], 'by passphrase', "it's a phrase")
    const folder = temporaryFolder()
    const command = await commandOn(await open(), link)

    const { code } = await typed(command, folder, "it's a phrase")

    expect(code).toBe(0)
    expect(command).not.toContain('phrase')
    expect(contentsOf(folder)).toEqual({ 'notes.txt': 'by passphrase', 'more.txt': 'by passphrase' })
  })

  test('fails with the words of the server rather than with those of age', async () => {
    const app = await makeApp()
    const { upload, link } = await givenEncrypted(app, [{ path: 'a.txt', content: 'gone soon' }])
    const command = await commandOn(await open(), link)
    const headers = { 'X-UploadToken': upload.uploadToken }
    await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers })
    const folder = temporaryFolder()

    const { code, output } = await typed(command, folder)

    expect(code).not.toBe(0)
    expect(output).toContain('curl: (22) The requested URL returned error: 404')
    expect(Object.keys(contentsOf(folder))).not.toContain('a.txt')
  })

  test('makes no file of an error where nothing is encrypted', async () => {
    const app = await makeApp()
    const { upload } = await givenFile(app, {}, 'hello', 'a.txt')
    const page = await open()
    await page.goto(`${app.url}/#/?id=${upload.id}&uploadToken=${upload.uploadToken}`)
    await page.getByText('More ways to share').click()
    const command = await page.getByRole('textbox', { name: 'Download from a terminal' }).inputValue()
    const [folder, later] = [temporaryFolder(), temporaryFolder()]

    const first = await typed(command, folder)
    const headers = { 'X-UploadToken': upload.uploadToken }
    await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE', headers })
    const second = await typed(command, later)

    expect([first.code, second.code]).toEqual([0, 22])
    expect([contentsOf(folder), contentsOf(later)]).toEqual([{ 'a.txt': 'hello' }, {}])
  })
})
