import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { temporaryFolder } from '../helpers/database.ts'
import { sharedServer } from '../helpers/spawn-server.ts'

const run = promisify(execFile)

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

const server = sharedServer()

/** A folder to stand in with a file in it, and curl. */
function given(name = 'photo.jpg', size = 300_000) {
  const folder = temporaryFolder()
  const path = join(folder, name)
  writeFileSync(path, randomBytes(size))
  mkdirSync(join(folder, 'here'))
  const curl = async (...options: string[]) =>
    (await run('curl', ['-sSf', ...options], { cwd: join(folder, 'here') })).stdout
  return { url: server.url(), path, here: (file: string) => join(folder, 'here', file), curl }
}

describe('the commands of the README do what they say', () => {
  test.each([
    'photo.jpg',
    'holiday photo (1).jpg',
    '中文 文件.tar.gz',
    "it's 100% & more+;.bin",
    'émoji 🎉.txt',
    '-o.txt',
    '#a?b=c.txt',
  ])('curl -F with a file named %s', async (name) => {
    const { url, path, here, curl } = given(name)

    const link = await curl('-F', `file=@"${path}"`, url)
    await curl('-o', 'back', link.trim())

    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/file\/\w{16}\/\w{16}\/\S+\n$/)
    expect(decodeURIComponent(link.trim().split('/').at(-1) as string)).toBe(name)
    expect(sha256(here('back'))).toBe(sha256(path))
  })

  test.each(['report.pdf', 'report of today.pdf', '中文.pdf'])(
    'curl -T with options, and a file named %s',
    async (name) => {
      const { url, path, here, curl } = given(name)

      const link = (await curl('-T', path, `${url}/?ttl=1h&oneShot=true`)).trim()
      const { id } = { id: link.split('/')[4] as string }
      const upload = JSON.parse(await curl(`${url}/upload/${id}`))
      await curl('-o', 'back', link)

      expect(upload).toMatchObject({ ttl: 3600, oneShot: true, files: [{ fileName: name }] })
      expect(sha256(here('back'))).toBe(sha256(path))
      await expect(curl(link)).rejects.toMatchObject({ code: 22 })
    },
  )

  test('curl -T from a pipe, of unknown length', async () => {
    const { url, path, here } = given()

    await run('sh', ['-c', `curl -sSf -o back "$(cat '${path}' | curl -sSf -T - ${url}/photo.jpg)"`], { cwd: here('') })

    expect(sha256(here('back'))).toBe(sha256(path))
  })

  test('options as headers', async () => {
    const { url, path, curl } = given()

    const link = (await curl('-H', 'X-Mayfly-MaxDownloads: 2', '-T', path, `${url}/`)).trim()

    await curl('-o', 'one', link)
    await curl('-o', 'two', link)
    await expect(curl('-o', 'three', link)).rejects.toMatchObject({ code: 22 })
  })

  test('several files behind a password', async () => {
    const { url, path, here, curl } = given()

    const links = (
      await curl('-F', `file=@${path}`, '-F', `file=@${path};filename=b.jpg`, '-F', 'password=tell-nobody', url)
    )
      .trim()
      .split('\n')
    const fetched = await Promise.all(
      links.map((link, index) => curl('-u', 'plik:tell-nobody', '-o', `back${index}`, link)),
    )

    expect(fetched).toEqual(['', ''])
    expect([sha256(here('back0')), sha256(here('back1'))]).toEqual([sha256(path), sha256(path)])
    await expect(curl(links[0] as string)).rejects.toMatchObject({ code: 22 })
    await expect(curl('-u', 'plik:guess', links[1] as string)).rejects.toMatchObject({ code: 22 })
  })

  test('an upload made first and filled afterwards, fetched as an archive that unzip takes', async () => {
    const { url, path, here, curl } = given('中文 photo.jpg')
    const { id, uploadToken } = JSON.parse(
      await curl('-X', 'POST', '-d', '{"ttl":3600,"comments":"for Ann"}', `${url}/upload`),
    )
    for (const name of ['中文 photo.jpg', 'b.jpg', 'b.jpg']) {
      await curl('-H', `X-UploadToken: ${uploadToken}`, '-F', `file=@"${path}";filename="${name}"`, `${url}/file/${id}`)
    }

    await curl('-O', `${url}/archive/${id}/all.zip`)
    await run('unzip', ['-q', 'all.zip', '-d', 'out'], { cwd: here('') })

    const { stdout } = await run('sh', ['-c', 'sha256sum out/* | cut -d" " -f1 | sort | uniq -c | tr -s " "'], {
      cwd: here(''),
    })
    expect(stdout.trim()).toBe(`3 ${sha256(path)}`)
    expect(sha256(here('out/中文 photo.jpg'))).toBe(sha256(path))
  })

  test('a part of a file: from, to, and the end', async () => {
    const { url, path, curl } = given('text.txt', 10)
    writeFileSync(path, Array.from({ length: 2_000 }, (_, index) => `${index}\n`).join(''))
    const link = (await curl('-T', path, `${url}/`)).trim()
    const text = readFileSync(path, 'utf8')

    expect(await curl('-r', '1000-1999', link)).toBe(text.slice(1000, 2000))
    expect(await curl('-r', '-5', link)).toBe(text.slice(-5))
    expect(await curl('-r', `${text.length - 3}-`, link)).toBe(text.slice(-3))
    expect(await curl('-o', '/dev/null', '-w', '%{http_code}', '-r', '0-0', link)).toBe('206')
    await expect(curl('-r', `${text.length}-`, link)).rejects.toMatchObject({ code: 22 })
  })
})

describe('curl -C - continues where a broken download stopped', () => {
  /** A download that is cut after some of it has come. */
  const cut = (curl: (...options: string[]) => Promise<string>, file: string, link: string) =>
    expect(curl('--limit-rate', '20M', '--max-time', '0.2', '-o', file, link)).rejects.toMatchObject({ code: 28 })

  test.each(['', '?oneShot=true', '?maxDownloads=1'])('of a file%s', async (options) => {
    const { url, path, here, curl } = given('large.bin', 30_000_000)
    const link = (await curl('-T', path, `${url}/${options}`)).trim()

    await cut(curl, 'back', link)
    const received = statSync(here('back')).size
    await curl('-C', '-', '-o', 'back', link)

    expect(received).toBeGreaterThan(0)
    expect(received).toBeLessThan(30_000_000)
    expect(sha256(here('back'))).toBe(sha256(path))
  })

  test('of an archive', async () => {
    const { url, path, here, curl } = given('large.bin', 30_000_000)
    const link = (await curl('-F', `file=@${path}`, '-F', `file=@${path};filename=again.bin`, url)).split('/')
    const archive = `${url}/archive/${link[4]}/all.zip`

    await cut(curl, 'all.zip', archive)
    await curl('-C', '-', '-o', 'all.zip', archive)
    await run('unzip', ['-q', 'all.zip'], { cwd: here('') })

    expect(sha256(here('again.bin'))).toBe(sha256(path))
  })
})
