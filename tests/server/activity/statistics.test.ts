import { expect, test } from 'vitest'
import { givenSession, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { answerOf, jsonOf } from '../../helpers/answers.ts'
import { addFile, type CreatedUpload, givenFile } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'

/** `/stats/activity/daily`, `/stats/trending/*` and the usage object (Plik 1.4). */

const DAY = 86_400_000

const ask = <T = unknown>(app: TestApp, path: string, headers: Record<string, string> = {}): Promise<T> =>
  jsonOf<T>(fetch(`${app.url}${path}`, { headers }))

async function download(url: string, times = 1): Promise<void> {
  for (let count = 0; count < times; count += 1) await (await fetch(url)).bytes()
}

/** An app with an administrator and a user, both logged in. */
async function givenAccounts() {
  const app = await makeApp(WITH_ACCOUNTS)
  const admin = await givenSession(app, 'boss', { isAdmin: true })
  const anna = await givenSession(app, 'anna')
  return { app, admin: admin.headers, anna: anna.headers }
}

/** Like `givenFile`, by a logged-in user. */
async function givenOwnFile(app: TestApp, headers: Record<string, string>, body: object = {}, content = 'hello') {
  const created = fetch(`${app.url}/upload`, { method: 'POST', headers, body: JSON.stringify(body) })
  const upload = (await jsonOf(created)) as unknown as CreatedUpload
  const file = await jsonOf(addFile(app, upload, content))
  return { upload, file, url: `${app.url}/file/${upload.id}/${file.id}/file.txt` }
}

interface Day {
  day: string
  downloads: number
  downloadedBytes: number
  uploads: number
  uploadedBytes: number
}

test('the daily series has every day, oldest first, quiet ones too', async () => {
  const { app, admin } = await givenAccounts()
  const { url } = await givenFile(app)
  await download(url, 2)
  await ask(app, '/stats/activity/daily', admin)
  app.advance(2 * DAY)
  await download(url)

  const days = await ask<Day[]>(app, '/stats/activity/daily?days=4', admin)

  expect(days.map(({ downloads, downloadedBytes }) => [downloads, downloadedBytes])).toEqual([
    [0, 0],
    [2, 10],
    [0, 0],
    [1, 5],
  ])
  expect(days[1]).toMatchObject({ uploads: 1, uploadedBytes: 5 })
  expect(days.map(({ day }) => day)).toEqual(days.map(({ day }) => day).toSorted())
  expect(days[0]?.day).toMatch(/^\d{4}-\d\d-\d\d$/)
})

test('thirty days unless said otherwise, from 1 to 31', async () => {
  const { app, admin } = await givenAccounts()
  const days = (query: string) => answerOf(fetch(`${app.url}/stats/activity/daily${query}`, { headers: admin }))

  expect(await ask(app, '/stats/activity/daily', admin)).toHaveLength(30)
  expect(await ask(app, '/stats/activity/daily?days=31', admin)).toHaveLength(31)
  const refusal = [400, 'invalid days, expected a whole number from 1 to 31\n']
  expect(await days('?days=32')).toEqual(refusal)
  expect(await days('?days=0')).toEqual(refusal)
  expect(await days('?days=1.5')).toEqual(refusal)
})

test('a user sees their own days only', async () => {
  const { app, anna } = await givenAccounts()
  const own = await givenOwnFile(app, anna)
  const other = await givenFile(app)
  await download(own.url, 3)
  await download(other.url)

  const days = await ask<Day[]>(app, '/me/stats/activity/daily?days=1', anna)

  expect(days).toMatchObject([{ downloads: 3, downloadedBytes: 15, uploads: 1, uploadedBytes: 5 }])
})

test('the trending uploads are those most downloaded, or with most bytes, and never one without', async () => {
  const { app, admin, anna } = await givenAccounts()
  const small = await givenOwnFile(app, anna, { comments: 'often' })
  const big = await givenFile(app, {}, 'x'.repeat(1000))
  await givenFile(app)
  await download(small.url, 3)
  await download(big.url)

  const byDownloads = await ask<{ id: string }[]>(app, '/stats/trending/uploads', admin)
  const byBytes = await ask<{ id: string }[]>(app, '/stats/trending/uploads?sort=downloadedBytes&limit=1', admin)

  expect(byDownloads.map(({ id }) => id)).toEqual([small.upload.id, big.upload.id])
  expect(byBytes.map(({ id }) => id)).toEqual([big.upload.id])
  expect(byDownloads[0]).toEqual({
    id: small.upload.id,
    type: 'upload',
    comments: 'often',
    user: 'local:anna',
    size: 5,
    files: 1,
    downloadCount: 3,
    downloadedBytes: 15,
    lastDownloadedAt: expect.stringMatching(/Z$/),
  })
})

test('what trends says when its words are sealed', async () => {
  const { app, admin } = await givenAccounts()
  const sealed = await givenFile(app, { e2ee: 'age' }, 'age-encryption.org/v1\n-> X25519 a\n')
  await download(sealed.url)

  expect(await ask(app, '/stats/trending/uploads', admin)).toMatchObject([{ id: sealed.upload.id, e2ee: 'age' }])
  expect(await ask(app, '/stats/trending/files', admin)).toMatchObject([{ id: sealed.file.id, e2ee: 'age' }])
})

test('a window counts its own days; deleted uploads no longer trend', async () => {
  const { app, admin } = await givenAccounts()
  const old = await givenFile(app, { ttl: 20 * 86_400 })
  const gone = await givenFile(app, { ttl: 60 })
  await download(old.url, 5)
  await download(gone.url, 9)
  await ask(app, '/stats/trending/files', admin)
  app.advance(6 * DAY)
  const fresh = await givenFile(app)
  await download(fresh.url)
  const idsOf = async (path: string) => (await ask<{ id: string }[]>(app, path, admin)).map(({ id }) => id)

  expect(await idsOf('/stats/trending/uploads?window=all')).toEqual([old.upload.id, fresh.upload.id])
  expect(await idsOf('/stats/trending/uploads?window=7d')).toEqual([old.upload.id, fresh.upload.id])
  expect(await idsOf('/stats/trending/uploads?window=1d')).toEqual([fresh.upload.id])
  expect(await idsOf('/stats/trending/files?window=1d')).toEqual([fresh.file.id])
  app.advance(DAY)
  expect(await idsOf('/stats/trending/files?window=7d')).toEqual([fresh.file.id])
})

test('a trending file says whose it is', async () => {
  const { app, admin, anna } = await givenAccounts()
  const { upload, file, url } = await givenOwnFile(app, anna)
  await download(url)

  expect(await ask(app, '/stats/trending/files', admin)).toEqual([
    {
      id: file.id,
      type: 'file',
      uploadID: upload.id,
      name: 'file.txt',
      user: 'local:anna',
      size: 5,
      downloadCount: 1,
      downloadedBytes: 0,
      lastDownloadedAt: expect.stringMatching(/Z$/),
    },
  ])
})

test('a user sees which of their own uploads trend', async () => {
  const { app, anna } = await givenAccounts()
  const own = await givenOwnFile(app, anna)
  const other = await givenFile(app)
  await download(own.url)
  await download(other.url, 2)

  expect(await ask(app, '/me/stats/trending/uploads', anna)).toMatchObject([{ id: own.upload.id, downloadCount: 1 }])
})

test.for([
  ['window=2d', 'invalid window, expected one of all, 1d, 7d, 30d\n'],
  ['sort=size', 'invalid sort, expected one of downloads, downloadedBytes\n'],
  ['limit=0', 'invalid limit, expected a positive number\n'],
  ['limit=-1', 'invalid limit, expected a positive number\n'],
  ['limit=x', 'invalid limit, expected a positive number\n'],
] as const)('%s is refused with what is allowed', async ([query, text]) => {
  const { app, admin } = await givenAccounts()

  expect(await answerOf(fetch(`${app.url}/stats/trending/uploads?${query}`, { headers: admin }))).toEqual([400, text])
})

test('totals are for administrators, a user’s own figures for that user', async () => {
  const { app, anna } = await givenAccounts()
  const routes = ['/stats/activity/daily', '/stats/trending/uploads', '/stats/trending/files']
  const own = ['/me/stats/activity/daily', '/me/stats/trending/uploads']

  for (const path of routes) expect((await fetch(`${app.url}${path}`, { headers: anna })).status).toBe(403)
  for (const path of [...routes, ...own]) expect((await fetch(`${app.url}${path}`)).status).toBe(401)
})

test('the usage object tells what is there, and what was ever there', async () => {
  const { app, anna } = await givenAccounts()
  const kept = await givenOwnFile(app, anna, { removable: true, comments: 'hi', password: 'x' }, 'x'.repeat(2_000_000))
  const gone = await givenOwnFile(app, anna, { oneShot: true, ttl: 3600 })
  await download(gone.url)
  await fetch(`${app.url}/upload/${gone.upload.id}`, {
    method: 'DELETE',
    headers: { 'X-UploadToken': gone.upload.uploadToken },
  })

  const usage = await app.statistics.usage({ scope: 'user', id: 'local:anna' }, { withWindows: true })

  expect(kept.upload.id).not.toBe(gone.upload.id)
  expect(usage).toMatchObject({
    lastUploadAt: expect.stringMatching(/Z$/),
    downloads: { total: 1, bytes: 5, today: 1, last7Days: 1, last30Days: 1 },
    uploads: { total: 2, bytes: 2_000_005, today: 2, last7Days: 2, last30Days: 2 },
    current: {
      uploads: 1,
      files: 1,
      totalSize: 2_000_000,
      features: { passwordUploads: 1, removableUploads: 1, commentUploads: 1, oneShotUploads: 0 },
      ttl: { sevenDaysTo30DaysUploads: 1, oneHourToOneDayUploads: 0 },
      fileSizes: { oneMBTo10MBFiles: 1, lessThan1MBFiles: 0 },
    },
    lifetime: {
      uploads: 2,
      files: 2,
      totalSize: 2_000_005,
      features: { passwordUploads: 1, removableUploads: 1, commentUploads: 1, oneShotUploads: 1 },
      ttl: { sevenDaysTo30DaysUploads: 1, oneHourToOneDayUploads: 1 },
      fileSizes: { oneMBTo10MBFiles: 1, lessThan1MBFiles: 1 },
    },
  })
})

test('the server is the sum of its users and of anonymous uploads', async () => {
  const { app, anna } = await givenAccounts()
  await givenOwnFile(app, anna)
  await givenFile(app)
  await givenFile(app)
  const uploadsOf = async (scope: 'server' | 'anonymous') => {
    const { uploads, current, lifetime } = await app.statistics.usage({ scope, id: '' }, { withWindows: false })
    return [uploads, current.uploads, lifetime.uploads]
  }

  expect(await uploadsOf('server')).toEqual([{ total: 3, bytes: 15 }, 3, 3])
  expect(await uploadsOf('anonymous')).toEqual([{ total: 2, bytes: 10 }, 2, 2])
})
