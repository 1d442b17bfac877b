import type { Insertable, Kysely } from 'kysely'
import type { ActivityTable, Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import type { StoredFile, Upload } from './upload.ts'

/** Imported uploads: each of them is imported once, however often the import runs. */
export function createUploadsImportRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    /** Whether the upload was imported before, even if it has been removed since. */
    async wasImported(uploadId: string): Promise<boolean> {
      const row = await db.selectFrom('importedUploads').select('id').where('id', '=', uploadId).executeTakeFirst()
      return row !== undefined
    },

    /** Inserts an upload with all its rows. Returns false if another import inserted it meanwhile. */
    insertUpload: (
      upload: Upload,
      files: readonly StoredFile[],
      activity: readonly Insertable<ActivityTable>[],
      now: number,
    ): Promise<boolean> =>
      transact(async (trx) => {
        const { numInsertedOrUpdatedRows } = await trx
          .insertInto('importedUploads')
          .values({ id: upload.id, importedAt: now })
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        if (numInsertedOrUpdatedRows !== 1n) return false
        await trx
          .insertInto('uploads')
          .values({ ...upload, fileCount: files.length })
          .execute()
        for (const file of files) await trx.insertInto('files').values(file).execute()
        for (const row of activity)
          await trx
            .insertInto('activity')
            .values(row)
            .onConflict((conflict) => conflict.doNothing())
            .execute()
        return true
      }),

    /** Files of an upload that were imported without their bytes; excludes files that had bytes and were removed here. */
    listWithoutBytes: (uploadId: string): Promise<{ id: string; position: number }[]> =>
      db
        .selectFrom('files')
        .select(['id', 'position'])
        .where('uploadId', '=', uploadId)
        .where('status', '=', 'deleted')
        .where('uploadedAt', 'is', null)
        .execute(),

    /** Adds the bytes of such a file. Returns false if it was removed, or already has bytes. */
    addBytes: ({ id, ...columns }: StoredFile): Promise<boolean> =>
      transact(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('files')
          .set(columns)
          .where('id', '=', id)
          .where('status', '=', 'deleted')
          .where('uploadedAt', 'is', null)
          .where('uploadId', 'in', (eb) => eb.selectFrom('uploads').select('uploads.id').where('status', '=', 'active'))
          .executeTakeFirst()
        return numUpdatedRows === 1n
      }),
  }
}
