import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createUpload } from '../../helpers/client.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { makeApp, sharedApp, type TestApp } from '../../helpers/make-app.ts'
import { ask, get } from './ask.ts'
import { givenDeclaredFile, givenFiles } from './given.ts'

const app = sharedApp()

const textOf = async (url: string): Promise<string> => {
  const { status, body } = await get(url)
  return `${status} ${body.toString()}`
}

const givenOne = (app: TestApp, options: object = {}) => givenFiles(app, options, [['a.txt', 'content of a']])

/** As Python reads them, since Info-ZIP changes what it finds unsafe. */
function namesIn(zip: Buffer): string[] {
  const path = join(temporaryFolder(), 'archive.zip')
  writeFileSync(path, zip)
  const script = 'import json, sys, zipfile; print(json.dumps(zipfile.ZipFile(sys.argv[1]).namelist()))'
  return JSON.parse(execFileSync('python3', ['-c', script, path]).toString())
}

describe('an archive is refused', () => {
  test('when there is nothing in the upload, for HEAD as for GET and POST', async () => {
    const { id } = await createUpload(app)
    const url = `${app.url}/archive/${id}`

    expect(await textOf(`${url}/archive.zip`)).toBe('400 nothing to archive\n')
    expect((await ask(`${url}/archive.zip`, { method: 'HEAD' })).status).toBe(400)
    expect((await ask(url, { method: 'POST' })).body.toString()).toBe('nothing to archive\n')
  })

  test('when no file has come yet, or all are gone', async () => {
    const missing = await createUpload(app, { files: [{ fileName: 'later.txt' }] })
    const { archive, files } = await givenOne(app, { removable: true })
    await fetch(files[0]?.url ?? '', { method: 'DELETE' })

    expect(await textOf(`${app.url}/archive/${missing.id}/a.zip`)).toBe('400 nothing to archive\n')
    expect(await textOf(archive)).toBe('400 nothing to archive\n')
  })

  test.each(['archive', 'archive.tar', 'archive.zip.exe', 'archive.ZIP', 'zip'])('by a name like %s', async (name) => {
    const { upload } = await givenOne(app)

    expect(await textOf(`${app.url}/archive/${upload.id}/${name}`)).toBe(
      '400 invalid archive name, missing .zip extension\n',
    )
  })

  test('by a name of 1025 bytes, and not by one of 1024', async () => {
    const { upload } = await givenOne(app)
    const url = `${app.url}/archive/${upload.id}/`

    expect((await get(`${url}${'a'.repeat(1020)}.zip`)).status).toBe(200)
    expect(await textOf(`${url}${'a'.repeat(1021)}.zip`)).toBe(
      '400 invalid archive name too long, maximum 1024 characters\n',
    )
    expect((await get(`${url}${encodeURI('中'.repeat(340))}.zip`)).status).toBe(200)
    expect((await get(`${url}${encodeURI('中'.repeat(341))}.zip`)).status).toBe(400)
  })

  test('in stream mode', async () => {
    const { id } = await createUpload(app, { stream: true, files: [{ fileName: 'a.txt' }] })

    expect(await textOf(`${app.url}/archive/${id}/archive.zip`)).toBe(
      '400 archive feature is not available in stream mode\n',
    )
    expect((await ask(`${app.url}/archive/${id}/archive.zip`, { method: 'HEAD' })).status).toBe(400)
  })

  test('of an upload that is unknown, removed or expired', async () => {
    const app = await makeApp()
    const { archive, upload } = await givenOne(app, { removable: true })
    const { archive: expiring, upload: short } = await givenOne(app, { ttl: 60 })
    await fetch(`${app.url}/upload/${upload.id}`, { method: 'DELETE' })
    app.advance(60_000)

    expect(await textOf(`${app.url}/archive/nope/a.zip`)).toBe('404 upload nope not found\n')
    expect(await textOf(`${app.url}/archive//archive.zip`)).toMatch(/^404 .*not found\n$/) // TestGetArchiveNotFound
    expect(await textOf(archive)).toBe(`404 upload ${upload.id} not found\n`)
    expect(await textOf(expiring)).toBe(`404 upload ${short.id} has expired\n`)
  })

  test('in Plik’s order: upload, password, stream, length, extension, content', async () => {
    const locked = await createUpload(app, { stream: true, login: 'ann', password: 'secret' })
    const stream = await createUpload(app, { stream: true })
    const empty = await createUpload(app)
    const long = 'a'.repeat(1100)

    expect(await textOf(`${app.url}/archive/nope/${long}`)).toMatch(/^404 upload nope not found/)
    expect(await textOf(`${app.url}/archive/${locked.id}/${long}`)).toMatch(/^401 /)
    expect(await textOf(`${app.url}/archive/${stream.id}/${long}`)).toMatch(/^400 archive feature is not available/)
    expect(await textOf(`${app.url}/archive/${empty.id}/${long}`)).toMatch(/^400 invalid archive name too long/)
    expect(await textOf(`${app.url}/archive/${empty.id}/a.tar`)).toMatch(/^400 invalid archive name, missing/)
    expect(await textOf(`${app.url}/archive/${empty.id}/.zip`)).toMatch(/^400 nothing to archive/)
  })
})

describe('the name of an archive', () => {
  test.each([
    ['.zip', `inline; filename=".zip"; filename*=UTF-8''.zip`],
    ['my photos.zip', `inline; filename="my photos.zip"; filename*=UTF-8''my%20photos.zip`],
    ['中文.zip', `inline; filename="__.zip"; filename*=UTF-8''%E4%B8%AD%E6%96%87.zip`],
    ['../../etc/x.zip', `inline; filename="x.zip"; filename*=UTF-8''x.zip`],
    ['C:\\evil\\x.zip', `inline; filename="x.zip"; filename*=UTF-8''x.zip`],
    [
      'a\r\nSet-Cookie: b=c.zip',
      `inline; filename="aSet-Cookie: b=c.zip"; filename*=UTF-8''aSet-Cookie%3A%20b%3Dc.zip`,
    ],
    [
      'a"; filename="b.zip',
      `inline; filename="a\\"; filename=\\"b.zip"; filename*=UTF-8''a%22%3B%20filename%3D%22b.zip`,
    ],
    ['exe\u202Egpj.zip', `inline; filename="exegpj.zip"; filename*=UTF-8''exegpj.zip`],
  ])('%j is made harmless like that of a file', async (name, disposition) => {
    const { upload } = await givenOne(app)

    const { status, headers } = await get(`${app.url}/archive/${upload.id}/${encodeURIComponent(name)}`)

    expect(status).toBe(200)
    expect(headers['content-disposition']).toBe(disposition)
    expect(headers['set-cookie']).toBeUndefined()
  })
})

describe('names in an archive', () => {
  test('that are alike stay apart, also where case is ignored', async () => {
    const { archive } = await givenFiles(app, {}, [
      ['a.txt', '1'],
      ['a.txt', '2'],
      ['A.TXT', '3'],
      ['a (2).txt', '4'],
      ['a.txt', '5'],
    ])

    const names = namesIn((await get(archive)).body)

    expect(names).toHaveLength(5)
    expect(names[0]).toBe('a.txt')
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(5)
  })

  test('keep every script and emoji', async () => {
    const { archive } = await givenFiles(app, {}, [
      ['中文.txt', '1'],
      ['🎉 Größe.txt', '2'],
      ['ملف.txt', '3'],
    ])

    expect(namesIn((await get(archive)).body)).toEqual(['中文.txt', '🎉 Größe.txt', 'ملف.txt'])
  })

  test.each([
    ['..\\..\\evil.txt', /^[^\\/:]+$/],
    ['C:\\Windows\\evil.txt', /^evil\.txt$/],
    ['\\\\server\\share\\evil.txt', /^evil\.txt$/],
    ['aux.txt', /^aux_\.txt$/i],
    ['CON', /^CON_$/i],
    ['a:b|c?.txt', /^a_b_c_\.txt$/],
    ['...', /^unnamed$/],
    ['trailing dots...', /^trailing dots$/],
  ])('never lead out of a folder or to a device: %s', async (name, expected) => {
    const { upload } = await givenDeclaredFile(app, name)

    const names = namesIn((await get(`${app.url}/archive/${upload.id}/a.zip`)).body)

    expect(names).toEqual([expect.stringMatching(expected)])
  })
})

test('a list that names one file thirty thousand times costs no more than one that names it once', async () => {
  const app = await makeApp({ MAX_FILES_PER_UPLOAD: '1000' })
  const files = Array.from({ length: 1000 }, (_, index) => ({ fileName: `${index}.txt` }))
  const upload = await createUpload(app, { files })
  const last = upload.files?.at(-1)?.id
  const body = JSON.stringify({ files: Array(30_000).fill(last) })

  const before = performance.eventLoopUtilization()
  const response = await fetch(`${app.url}/archive/${upload.id}`, { method: 'POST', body })

  expect(response.status).toBe(404)
  expect(performance.eventLoopUtilization(before).active).toBeLessThan(500)
})
