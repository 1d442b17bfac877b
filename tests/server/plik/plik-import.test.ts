import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createAccountsImportRepo } from '../../../server/accounts/accounts-import-repo.ts'
import { migrate } from '../../../server/database/migrate.ts'
import { createPlikImport } from '../../../server/plik/plik-import.ts'
import { createUploadsImportRepo } from '../../../server/uploads/uploads-import-repo.ts'
import type { BlobStore } from '../../../storage/blob-store.ts'
import { openLocalStore } from '../../../storage/local-store.ts'
import { logIn, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { fileForm } from '../../helpers/client.ts'
import { temporaryFolder } from '../../helpers/database.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { type GivenPlik, givenPlik, goTime, plikPassword } from '../../helpers/plik-database.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { givenDatabase, givenLocation } from '../database/given-database.ts'

/** Moving from Plik (issue 3): links, tokens and passwords of a Plik 1.3 or 1.4 keep working. */

const UPLOAD = 'AAAAAAAAAAAAAAAA'
const FILE = 'aaaaaaaaaaaaaaaa'
const TOKEN = 'adminTokenOfThirtyTwoCharacters0'
const LINK = `/file/${UPLOAD}/${FILE}/a.txt`

const run = (app: TestApp, plik: GivenPlik) => app.plikImport.run(plik.database, plik.files)
const basic = (login: string, password: string) => ({ Authorization: `Basic ${btoa(`${login}:${password}`)}` })

/** A Plik with one upload of one file. */
function givenOneUpload(row: Record<string, string | number | null> = {}, version: '1.3' | '1.4' = '1.3') {
  const plik = givenPlik({ version })
  plik.upload({ id: UPLOAD, upload_token: TOKEN, ...row })
  plik.file({ id: FILE, upload_id: UPLOAD }, 'hello')
  return plik
}

const blobsIn = ({ dataDir }: TestApp): string[] =>
  readdirSync(join(dataDir, 'files'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /[0-9a-f]{32}$/.test(path),
  )

test('old links deliver, with what Plik knew about the upload', async () => {
  const app = await makeApp()
  const plik = givenOneUpload({ comments: 'for you', removable: 1, extend_ttl: 1, ttl: 86_400 })

  const report = await run(app, plik)

  expect(report).toMatchObject({ uploads: 1, files: 1, bytes: 5, alreadyThere: 0, expired: 0, warnings: [] })
  expect(await (await fetch(app.url + LINK)).text()).toBe('hello')
  expect(await jsonOf(fetch(`${app.url}/upload/${UPLOAD}`))).toMatchObject({
    id: UPLOAD,
    comments: 'for you',
    removable: true,
    extend_ttl: true,
    ttl: 86_400,
    admin: false,
    files: [
      { id: FILE, fileName: 'a.txt', status: 'uploaded', fileMd5: '5d41402abc4b2a76b9719d911017c592', fileSize: 5 },
    ],
  })
})

test('the upload token keeps administering', async () => {
  const app = await makeApp()
  const plik = givenOneUpload()
  plik.file({ id: 'bbbbbbbbbbbbbbbb', upload_id: UPLOAD, name: 'later.txt' })
  await run(app, plik)
  const headers = { 'X-UploadToken': TOKEN }

  const fill = await fetch(`${app.url}/file/${UPLOAD}/bbbbbbbbbbbbbbbb/later.txt`, {
    method: 'POST',
    headers,
    body: fileForm('now', 'later.txt'),
  })

  expect(fill.status).toBe(200)
  expect((await fetch(`${app.url}/upload/${UPLOAD}`, { method: 'DELETE' })).status).toBe(403)
  expect(await answerOf(fetch(`${app.url}/upload/${UPLOAD}`, { method: 'DELETE', headers }))).toEqual([200, 'ok'])
})

test.for([
  ['plik', 'plik', 'plik'],
  ['', 'plik', ''],
  ['anna', 'anna', 'anna'],
] as const)('a password with the login "%s" opens', async ([kept, login, other]) => {
  const app = await makeApp()
  const password = plikPassword(kept, 'geheim:1')
  await run(app, givenOneUpload({ protected_by_password: 1, login: kept, password }))
  const opens = async (headers = {}) => (await fetch(app.url + LINK, { headers })).status

  expect(await opens(basic(login, 'geheim:1'))).toBe(200)
  expect(await opens(basic(other, 'geheim:1'))).toBe(200)
  expect(await opens(basic(login, 'geheim'))).toBe(401)
  expect(await opens(basic('bob', 'geheim:1'))).toBe(401)
  expect(await opens()).toBe(401)
})

test('an MD5 of a password rests under argon2id; one that an older version imported still opens', async () => {
  const { app, db } = await makeAppWithDatabase()
  const md5 = plikPassword('plik', 'secret')
  await run(app, givenOneUpload({ protected_by_password: 1, login: 'plik', password: md5 }))
  const { passwordHash } = await db.selectFrom('uploads').select('passwordHash').executeTakeFirstOrThrow()
  const opens = async (password: string) => (await fetch(app.url + LINK, { headers: basic('plik', password) })).status

  expect(passwordHash).toMatch(/^\$plik-md5\$cGxpaw==\$\$argon2id\$/)
  expect(passwordHash).not.toContain(md5)
  await db
    .updateTable('uploads')
    .set({ passwordHash: `$plik-md5$cGxpaw==$${md5}` })
    .execute()
  expect([await opens('secret'), await opens('wrong')]).toEqual([200, 401])
})

test('users log in with their passwords, which are hashed anew then', async () => {
  const { app, db } = await makeAppWithDatabase(WITH_ACCOUNTS)
  const plik = givenPlik()
  plik.user({ login: 'anna', name: 'Anna', email: 'a@example.org', is_admin: 1, max_ttl: -1 }, 'correct horse')
  plik.user({ id: 'google:bob@example.org', provider: 'google', login: 'bob@example.org' })

  expect(await run(app, plik)).toMatchObject({ users: 2 })
  expect((await logIn(app, 'anna', 'wrong horse')).status).toBe(403)
  expect((await logIn(app, 'anna', 'correct horse')).status).toBe(200)
  const { passwordHash } = await db
    .selectFrom('users')
    .selectAll()
    .where('id', '=', 'local:anna')
    .executeTakeFirstOrThrow()
  expect(passwordHash).toMatch(/^\$argon2id\$/)
  expect((await logIn(app, 'anna', 'correct horse')).status).toBe(200)
  expect(await app.accounts.users.get('local:anna')).toMatchObject({
    name: 'Anna',
    email: 'a@example.org',
    isAdmin: true,
    maxTtlSeconds: -1,
  })
  expect(await app.accounts.users.get('google:bob@example.org')).toMatchObject({ provider: 'google' })
})

test('tokens keep working, and administer what they created', async () => {
  const app = await makeApp(WITH_ACCOUNTS)
  const token = '11111111-2222-4333-8444-555555555555'
  const plik = givenOneUpload({ user: 'local:anna', token })
  plik.user({ login: 'anna' }, 'correct horse')
  plik.token({ token, user_id: 'local:anna', comment: 'laptop' })
  plik.token({ token: '99999999-2222-4333-8444-555555555555', user_id: 'local:gone' })

  expect(await run(app, plik)).toMatchObject({ tokens: 1 })
  const seen = await jsonOf(fetch(`${app.url}/upload/${UPLOAD}`, { headers: { 'X-PlikToken': token } }))
  expect(seen.admin).toBe(true)
})

test('files share their bytes with Plik’s folder, and outlive it', async () => {
  const app = await makeApp()
  const plik = givenOneUpload()

  const report = await run(app, plik)

  const [blob = ''] = blobsIn(app)
  const source = join(plik.files, 'aa', FILE)
  expect(report.linked).toBe(1)
  expect(statSync(join(app.dataDir, 'files', blob)).ino).toBe(statSync(source).ino)
  rmSync(plik.files, { recursive: true })
  expect(await (await fetch(app.url + LINK)).text()).toBe('hello')
})

test('from another file system they are copied', async () => {
  const app = await makeApp()
  const folder = mkdtempSync('/dev/shm/mayfly-test-')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const plik = givenPlik({ folder })
  plik.upload({ id: UPLOAD })
  plik.file({ id: FILE, upload_id: UPLOAD }, 'hello')

  expect(await run(app, plik)).toMatchObject({ files: 1, linked: 0 })
  expect(await (await fetch(app.url + LINK)).text()).toBe('hello')
})

test('a fresh link is not taken for a leftover by the sweep', async () => {
  const app = await makeApp()
  await run(app, givenOneUpload())

  await app.maintenance.clean()

  expect(await (await fetch(app.url + LINK)).text()).toBe('hello')
})

test('files of a Plik before 1.3 are found where they are', async () => {
  const app = await makeApp()
  const plik = givenPlik()
  plik.upload({ id: UPLOAD })
  plik.file({ id: FILE, upload_id: UPLOAD, status: 'uploaded' })
  mkdirSync(join(plik.files, 'AA', UPLOAD), { recursive: true })
  writeFileSync(join(plik.files, 'AA', UPLOAD, FILE), 'old')

  await run(app, plik)

  expect(await (await fetch(app.url + LINK)).text()).toBe('old')
})

test('a second import adds what is new, and restores nothing that was deleted here', async () => {
  const app = await makeApp()
  const plik = givenOneUpload({ removable: 1 })
  await run(app, plik)
  await fetch(`${app.url}/upload/${UPLOAD}`, { method: 'DELETE' })
  await app.maintenance.clean()
  plik.upload({ id: 'BBBBBBBBBBBBBBBB' })
  plik.file({ id: 'bbbbbbbbbbbbbbbb', upload_id: 'BBBBBBBBBBBBBBBB' }, 'second')

  const report = await run(app, plik)

  expect(report).toMatchObject({ uploads: 1, files: 1, alreadyThere: 1 })
  expect((await fetch(app.url + LINK)).status).toBe(404)
  expect(await (await fetch(`${app.url}/file/BBBBBBBBBBBBBBBB/bbbbbbbbbbbbbbbb/a.txt`)).text()).toBe('second')
})

test('an interrupted import continues when it is repeated', async () => {
  const app = await makeApp()
  const plik = givenOneUpload()
  plik.upload({ id: 'BBBBBBBBBBBBBBBB' })
  plik.file({ id: 'bbbbbbbbbbbbbbb1', upload_id: 'BBBBBBBBBBBBBBBB' }, 'one')
  const breakOff = () => {
    throw new Error('killed')
  }

  await expect(app.plikImport.run(plik.database, plik.files, { onUpload: breakOff })).rejects.toThrow('killed')
  const report = await run(app, plik)

  expect(report).toMatchObject({ uploads: 1, files: 1, alreadyThere: 1 })
  expect(blobsIn(app)).toHaveLength(2)
})

test('a wrong folder imports nothing, says what is missing, and leaves the right one to be imported', async () => {
  const app = await makeApp()
  const plik = givenOneUpload()
  plik.user({ login: 'anna' }, 'correct horse')
  const wrong = temporaryFolder()

  await expect(app.plikImport.run(plik.database, wrong)).rejects.toThrow(
    `nothing was imported: 1 of 1 files are not in ${wrong}, such as ${FILE}; correct --files`,
  )
  expect(await run(app, plik)).toMatchObject({ users: 1, uploads: 1, files: 1, missing: 0 })
})

test('files that an import did not find get their bytes from the next one, and removed ones do not', async () => {
  const app = await makeApp()
  const plik = givenOneUpload({ removable: 1 })
  plik.file({ id: 'bbbbbbbbbbbbbbbb', upload_id: UPLOAD, name: 'removed.txt' }, 'removed')
  const path = join(plik.files, 'aa', FILE)
  renameSync(path, `${path}.away`)
  expect(await run(app, plik)).toMatchObject({ uploads: 1, files: 1, missing: 1 })
  expect((await fetch(app.url + LINK)).status).toBe(404)
  await fetch(`${app.url}/file/${UPLOAD}/bbbbbbbbbbbbbbbb/removed.txt`, { method: 'DELETE' })
  renameSync(`${path}.away`, path)

  const report = await run(app, plik)

  expect(report).toMatchObject({ uploads: 0, alreadyThere: 1, repaired: 1, missing: 0 })
  expect(await (await fetch(app.url + LINK)).text()).toBe('hello')
  expect((await fetch(`${app.url}/file/${UPLOAD}/bbbbbbbbbbbbbbbb/removed.txt`)).status).toBe(404)
  expect(await run(app, plik)).toMatchObject({ repaired: 0 })
})

test('an upload that can not be read completely is not imported at all, and the rest is imported', async () => {
  const app = await makeApp()
  const plik = givenOneUpload()
  plik.file({ id: 'bbbbbbbbbbbbbbb1', upload_id: UPLOAD }, 'one')
  plik.file({ id: 'bbbbbbbbbbbbbbb2', upload_id: UPLOAD, created_at: 'z broken' }, 'two')
  plik.upload({ id: 'BBBBBBBBBBBBBBBB' })

  const report = await run(app, plik)

  expect(report).toMatchObject({ uploads: 1, warnings: [`upload ${UPLOAD}: z broken is not a time`] })
  expect((await fetch(`${app.url}/upload/${UPLOAD}`)).status).toBe(404)
  expect((await fetch(`${app.url}/upload/BBBBBBBBBBBBBBBB`)).status).toBe(200)
  expect(blobsIn(app)).toEqual([])
})

test('expired and removed uploads are not imported', async () => {
  const app = await makeApp()
  const plik = givenOneUpload({ expire_at: goTime(Date.now() - 60_000) })
  plik.upload({ id: 'BBBBBBBBBBBBBBBB', deleted_at: goTime(Date.now()) })
  plik.upload({ id: 'CCCCCCCCCCCCCCCC', expire_at: null, ttl: -1 })

  expect(await run(app, plik)).toMatchObject({ uploads: 1, expired: 1 })
  expect(await jsonOf(fetch(`${app.url}/upload/CCCCCCCCCCCCCCCC`))).toMatchObject({ expireAt: null, ttl: -1 })
  expect((await fetch(`${app.url}/upload/BBBBBBBBBBBBBBBB`)).status).toBe(404)
})

test('lost and damaged files are named, and the rest is imported', async () => {
  const app = await makeApp()
  const plik = givenOneUpload()
  plik.file({ id: 'bbbbbbbbbbbbbbbb', upload_id: UPLOAD, name: 'lost.txt', status: 'uploaded', md5: 'x' })
  plik.file({ id: 'cccccccccccccccc', upload_id: UPLOAD, name: 'changed.txt', md5: '0'.repeat(32) }, 'changed')

  const { warnings, files } = await run(app, plik)

  expect(files).toBe(2)
  expect(warnings).toEqual([
    `file bbbbbbbbbbbbbbbb: its bytes are not in ${plik.files}`,
    'file cccccccccccccccc: its bytes are not those that were uploaded (MD5)',
  ])
  expect(await answerOf(fetch(`${app.url}/file/${UPLOAD}/bbbbbbbbbbbbbbbb/lost.txt`))).toEqual([
    404,
    'file lost.txt (bbbbbbbbbbbbbbbb) is not available : deleted\n',
  ])
})

test('encryption and counts of Plik 1.4 are imported, too', async () => {
  const app = await makeApp()
  const last = Date.now() - 60_000
  const plik = givenOneUpload(
    { e2ee: 'age', download_count: 3, downloaded_bytes: 15, last_downloaded_at: goTime(last) },
    '1.4',
  )
  plik.run(`update files set download_count = 3, last_downloaded_at = '${goTime(last)}'`)
  await run(app, plik)

  const headers = { 'X-UploadToken': TOKEN }
  expect(await jsonOf(fetch(`${app.url}/upload/${UPLOAD}`, { headers }))).toMatchObject({
    e2ee: 'age',
    downloadCount: 3,
    downloadedBytes: 15,
    lastDownloadedAt: new Date(last).toISOString(),
    files: [{ downloadCount: 3 }],
  })
})

test('an imported one-shot file can be downloaded once', async () => {
  const app = await makeApp()
  await run(app, givenOneUpload({ one_shot: 1 }))

  expect((await fetch(app.url + LINK)).status).toBe(200)
  expect((await fetch(app.url + LINK)).status).toBe(404)
})

test('what is no database of Plik’s is refused by name', async () => {
  const app = await makeApp()
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'text.db'), 'this is no database, but it is long enough to be looked at')

  await expect(app.plikImport.run(join(folder, 'none.db'), folder)).rejects.toThrow('none.db cannot be read')
  await expect(app.plikImport.run(join(folder, 'text.db'), folder)).rejects.toThrow('text.db cannot be read')
})

test('bytes that were swept before their rows were written are not promised; the next import brings them', async () => {
  const database = givenDatabase(await givenLocation())
  await migrate(database.db)
  const store = await openLocalStore({ directory: temporaryFolder(), durability: 'process' })
  onTestFinished(() => store.close())
  const plik = givenOneUpload()
  const importer = (blobs: BlobStore) =>
    createPlikImport({
      accounts: createAccountsImportRepo(database),
      uploads: createUploadsImportRepo(database),
      assertOwned: async () => {},
      blobs,
      clock: Date.now,
    })

  const swept = await importer({ ...store, size: async () => undefined }).run(plik.database, plik.files)
  const repeated = await importer(store).run(plik.database, plik.files)

  expect(swept).toMatchObject({
    uploads: 0,
    warnings: [`upload ${UPLOAD}: file ${FILE} took too long; repeat the import`],
  })
  expect(repeated).toMatchObject({ uploads: 1, files: 1, warnings: [] })
})
