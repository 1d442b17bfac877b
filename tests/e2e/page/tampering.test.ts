import { readFileSync, writeFileSync } from 'node:fs'
import type { Kysely } from 'kysely'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import type { Schema } from '../../../server/database/schema.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { storedFiles } from '../../helpers/stored-files.ts'
import { makeAppWithDatabase } from '../../helpers/stored-rows.ts'
import { givenEncrypted } from './encrypted.ts'
import { fileOf, saved } from './page-tests.ts'

/** The page's errors when the server changes the content of a link. */

const LOCK = 'End-to-end encrypted and checked'
const REFUTED = 'The files on the server differ from what the sender shared'

type Database = Kysely<Schema>

/** Gives both files of an upload what the other has of these columns. */
async function exchange(db: Database, ...columns: ('name' | 'blobKey' | 'position')[]): Promise<void> {
  const [one, other] = await db.selectFrom('files').selectAll().orderBy('position').execute()
  if (!one || !other) throw new Error('there are no two files')
  await db.updateTable('files').set({ blobKey: null, position: -1 }).where('id', '=', one.id).execute() // they are unique
  for (const [to, from] of [
    [other, one],
    [one, other],
  ] as const) {
    const { blobKey, position } = to
    const values = { blobKey, position, ...Object.fromEntries(columns.map((column) => [column, from[column]])) }
    await db.updateTable('files').set(values).where('id', '=', to.id).execute()
  }
}

const setFirst = (db: Database, values: { size?: number; name?: string }) =>
  db.updateTable('files').set(values).where('position', '=', 1).execute()

const FILES = [
  { path: 'contract.txt', content: 'we pay' },
  { path: 'letter.txt', content: 'no pay' },
]

describe.skipIf(!hasBrowser())('an encrypted upload that was changed on the server', () => {
  const open = useBrowser()

  async function looked(page: Page, link: string) {
    await page.goto(link)
    await page.getByRole('alert').first().waitFor()
    return {
      isLocked: (await page.getByText(LOCK).count()) > 0,
      alert: await page.getByRole('alert').first().textContent(),
      downloads: await page.getByRole('button', { name: /^Download \S+\.txt/ }).count(),
    }
  }

  test.for<[string, (db: Database) => Promise<unknown>, { says: string | RegExp; downloads: number }]>([
    // The names are listed, but before other contents of the same size.
    ['names', (db) => exchange(db, 'name'), { says: `${REFUTED}: contract.txt, letter.txt`, downloads: 2 }],
    ['contents', (db) => exchange(db, 'blobKey'), { says: `${REFUTED}: contract.txt, letter.txt`, downloads: 2 }],
    ['sizes', (db) => setFirst(db, { size: 207 }), { says: `${REFUTED}: contract.txt`, downloads: 1 }],
    [
      'a name that nobody sealed',
      (db) => setFirst(db, { name: 'virus.txt' }),
      { says: `${REFUTED}: virus.txt`, downloads: 1 },
    ],
    [
      'the manifest',
      (db) => db.deleteFrom('manifests').execute(),
      { says: /did not return the sender’s encrypted list/, downloads: 0 },
    ],
    [
      'the manifest’s text',
      (db) =>
        db
          .updateTable('manifests')
          .set({ sealed: 'A'.repeat(100) })
          .execute(),
      { says: /The key is correct, but data/, downloads: 0 },
    ],
    [
      'the message',
      (db) => db.updateTable('uploads').set({ comments: '' }).execute(),
      { says: /The key is correct, but data/, downloads: 0 },
    ],
    [
      'that it is encrypted',
      (db) => db.updateTable('uploads').set({ e2ee: null }).execute(),
      { says: /the server reports that they are not encrypted/, downloads: 0 },
    ],
  ])('is not said to be verified: %s', async ([, spoil, { says, downloads }]) => {
    const { app, db } = await makeAppWithDatabase()
    const { link } = await givenEncrypted(app, FILES, { message: 'see the letter' })
    await spoil(db)

    const seen = await looked(await open(), link)

    expect(seen).toEqual({ isLocked: false, alert: expect.stringMatching(says), downloads })
  })

  test('returns no content under the name of another', async () => {
    const { app, db } = await makeAppWithDatabase()
    const { link } = await givenEncrypted(app, FILES)
    await exchange(db, 'blobKey')
    const page = await open()
    await page.goto(link)

    await page.getByRole('button', { name: 'Download contract.txt' }).click()

    await page
      .getByRole('alert')
      .filter({ hasText: 'This is not the file that the sender shared under this name.' })
      .waitFor()
  })

  test('is not said to be verified: stored files exchanged on the disk', async () => {
    const { app } = await makeAppWithDatabase()
    const { link } = await givenEncrypted(app, FILES)
    const [one, other] = storedFiles(app.dataDir) as [string, string]
    const bytes = readFileSync(one)
    writeFileSync(one, readFileSync(other))
    writeFileSync(other, bytes)

    const seen = await looked(await open(), link)

    const says = expect.stringContaining(`${REFUTED}: contract.txt, letter.txt`)
    expect(seen).toEqual({ isLocked: false, alert: says, downloads: 2 })
  })

  test('returns no content of a one-time file either, and shows before what was checked', async () => {
    const { app, db } = await makeAppWithDatabase()
    const { link } = await givenEncrypted(app, FILES, { oneShot: true })
    await exchange(db, 'name')
    const page = await open()
    await page.goto(link)
    await page.getByText('The contents are checked only during the download').waitFor()

    await page.getByRole('button', { name: 'Download contract.txt' }).click()

    await page
      .getByRole('alert')
      .filter({ hasText: 'This is not the file that the sender shared under this name.' })
      .waitFor()
  })

  test('is shown in the sender’s order', async () => {
    const { app, db } = await makeAppWithDatabase()
    const { link } = await givenEncrypted(app, FILES)
    await exchange(db, 'position')
    const page = await open()

    await page.goto(link)
    await page.getByText(LOCK).waitFor()

    expect(await page.locator('.file-name').allTextContents()).toEqual(['contract.txt', 'letter.txt'])
  })

  test('shows which file was deleted and is back, and an older state in the same tab', async () => {
    const { app, db } = await makeAppWithDatabase()
    const { link, upload } = await givenEncrypted(app, FILES)
    const older = await db.selectFrom('manifests').selectAll().executeTakeFirstOrThrow()
    const owner = await open()
    await owner.goto(`${link}&uploadToken=${upload.uploadToken}`)
    await owner.getByRole('button', { name: 'Delete letter.txt' }).click()
    await owner.getByRole('button', { name: 'Delete', exact: true }).click()
    await owner.locator('.file', { hasText: 'letter.txt' }).waitFor({ state: 'detached' })
    await owner.getByText(LOCK).waitFor()

    await db.updateTable('files').set({ status: 'uploaded' }).execute()
    const receiver = await looked(await open(), link)
    await db.updateTable('manifests').set({ sealed: older.sealed }).execute()
    await owner.reload()

    expect(receiver).toEqual({ isLocked: false, alert: `Do not trust this link. ${REFUTED}: letter.txt`, downloads: 1 })
    await owner.getByRole('alert').filter({ hasText: 'returned an older state' }).waitFor()
  })

  test('says that files are not there which the sender listed', async () => {
    const { app, db } = await makeAppWithDatabase()
    const { link } = await givenEncrypted(app, FILES)
    await db.deleteFrom('files').where('position', '=', 2).execute()
    const page = await open()

    await page.goto(link)
    await page.getByText('One more file listed by the sender').waitFor()

    expect(await page.getByText(LOCK).count()).toBe(0)
  })

  test('gets no plaintext when files are added to it', async () => {
    const { app, db } = await makeAppWithDatabase()
    const { link, upload } = await givenEncrypted(app, FILES)
    const page = await open()
    const owned = `${link}&uploadToken=${upload.uploadToken}`
    await page.goto(owned)
    await page.getByText(LOCK).waitFor()
    await db.updateTable('uploads').set({ e2ee: null }).execute()

    await page
      .locator('.received input[type=file]')
      .first()
      .setInputFiles([fileOf('more.txt', 'secret')])
    await page.getByRole('alert').filter({ hasText: 'the server reports that they are not encrypted' }).waitFor()

    expect(await db.selectFrom('files').select('id').execute()).toHaveLength(2)
  })

  test('of an older version opens as it did, and is not called verified', async () => {
    const { app } = await makeAppWithDatabase()
    const { link } = await givenEncrypted(app, FILES, { manifest: '' })
    const page = await open()
    await page.goto(link)
    await page.getByText('the page can’t check which content belongs to which name').waitFor()

    const file = await saved(page, () => page.getByRole('button', { name: 'Download letter.txt' }).click())

    expect(file.bytes.toString()).toBe('no pay')
    expect(await page.locator('.encryption.good').count()).toBe(0)
  })
})

describe.skipIf(!hasBrowser())('the list of an encrypted upload', () => {
  const open = useBrowser()

  test('holds what two tabs add at the same time', async () => {
    const { app } = await makeAppWithDatabase()
    const { link, upload } = await givenEncrypted(app, FILES)
    const first = await open()
    const second = await first.context().newPage()
    for (const page of [first, second]) {
      await page.goto(`${link}&uploadToken=${upload.uploadToken}`)
      await page.getByText(LOCK).waitFor()
    }

    await Promise.all(
      [first, second].map((page, tab) =>
        page
          .locator('.received input[type=file]')
          .first()
          .setInputFiles([0, 1, 2].map((i) => fileOf(`tab ${tab} file ${i}.txt`, `${tab} ${i}`))),
      ),
    )
    for (const [tab, page] of [first, second].entries())
      for (const i of [0, 1, 2]) await page.locator('.received').getByText(`tab ${tab} file ${i}.txt`).waitFor()

    const receiver = await open()
    await receiver.goto(link)
    await receiver.getByText(LOCK).waitFor()
    expect((await receiver.locator('.file-name').allTextContents()).toSorted()).toHaveLength(8)
  })
})
