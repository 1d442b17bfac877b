import { type Kysely, sql, type Transaction } from 'kysely'
import type { Schema } from '../database/schema.ts'
import type { Transact } from '../database/transact.ts'
import { AppError } from '../lib/errors.ts'
import { newId } from '../lib/ids.ts'
import type { SeenLease } from '../lib/leases.ts'
import {
  confirm,
  type Handover,
  handOver,
  isHandedOver,
  isPending,
  isUnconfirmed,
  lose,
  type Progress,
  resumeAt,
  seemsHandedOver,
} from './progress.ts'

/** A downloader, and what it downloads. */
export interface Claimant {
  /** Hash of what identifies the downloader. */
  downloaderId: string
  /** `file`, or the ETag of an archive: half of a file and half of an archive do not make one copy. */
  scope: string
}

export interface Claim {
  id: string
  fileId: string
  /** Copies that the file may be downloaded. */
  limit: number
}

/** What a request asks for. */
export interface Wanted {
  /** Position of the first byte. */
  start: number
  /** Bytes. */
  length: number
  /** Where all of them are too many, the first one will do. */
  isLook: boolean
  /** Bytes that one claim may hand out, repeated ones included. */
  maxBytes: number
}

/** The progress of a transfer. */
export interface Transferred {
  handover: Handover & { transfer: string }
  /** Bytes of its claims, repeated ones and those of earlier transfers included. */
  handedOut: number
}

/**
 * Epoch ms. `busyUntil` is never compared with a clock: another value is a renewal, 0 says that no transfer runs.
 * `expiresAt`: until when the claim lives once none does.
 */
export interface Lease {
  busyUntil: number
  expiresAt: number
}

/** A transfer whose process died is believed to run this long after its last renewal; then its downloader may resume. */
export const BUSY_MS = 60_000
/** After this time the lease of a dead process has been taken by another one. */
const OWN_RETRY_SECONDS = BUSY_MS / 1000 + 5

export type ClaimsRepo = ReturnType<typeof createClaimsRepo>

/** Every query on claims, and on a file's counters and status as far as claims move them. */
export function createClaimsRepo({ db, transact }: { db: Kysely<Schema>; transact: Transact }) {
  return {
    /**
     * One claim on each file, all or none: the downloader's own that lies idle, else a new one while `limit` allows.
     * Returns with them whether they were the downloader's already, how many bytes it was handed before, and the length that it may
     * have now. Throws `locked`: others have all; `not_found`: all are spent, or the downloader would be handed more than `maxBytes`.
     */
    take: (
      fileIds: readonly string[],
      limit: number,
      claimant: Claimant,
      wanted: Wanted,
      lease: Lease,
      now: number,
    ): Promise<{ claims: Claim[]; handedOut: number; isResumed: boolean; length: number }> =>
      transact(async (trx) => {
        const claims: Claim[] = []
        let { length } = wanted
        let handedOut = 0
        let isResumed = false
        for (const fileId of [...fileIds].sort()) {
          // always in the same order: no deadlocks
          const own = await resumeOne(trx, fileId, claimant, wanted, lease, now)
          if (own) {
            handedOut = own.handedOut
            length = Math.min(length, own.length)
            isResumed = true
          }
          const id = own?.id ?? (await takeOne(trx, fileId, limit, claimant, lease, now))
          claims.push({ id, fileId, limit })
        }
        return { claims, handedOut, isResumed, length }
      }),

    /** Throws what `take` would throw now, without taking a claim. */
    check: (fileIds: readonly string[], limit: number, claimant: Claimant, now: number): Promise<void> =>
      transact(async (trx) => {
        for (const fileId of fileIds) {
          if (await findIdle(trx, fileId, claimant, now)) continue
          const file = await trx.selectFrom('files').select('claimsTaken').where('id', '=', fileId).executeTakeFirst()
          if (!file || file.claimsTaken >= limit) throw await refusal(trx, fileId, claimant, now)
        }
      }),

    /** Undoes `take` if nothing could be delivered. */
    giveBack: (claims: readonly Claim[]): Promise<void> =>
      transact(async (trx) => {
        for (const claim of claims) await giveBackOne(trx, claim)
      }),

    /**
     * Notes how far a transfer has come, and renews its lease. A spent claim whose lease was taken is not renewed: somebody may
     * be deleting the bytes.
     */
    renew: (claims: readonly Claim[], { handover, handedOut }: Transferred, lease: Lease): Promise<void> =>
      transact(async (trx) => {
        for (const { id } of claims) {
          const claim = await lockClaim(trx, id)
          if (!claim || (claim.spent && claim.busyUntil === 0)) continue
          await write(trx, id, handOver(claim.progress, handover, handedOut), lease)
        }
      }),

    /** Keeps the bytes of spent claims that may have to be restored. */
    keep: (claims: readonly Claim[], busyUntil: number): Promise<void> =>
      transact(async (trx) => {
        await trx
          .updateTable('claims')
          .set({ busyUntil })
          .where('id', 'in', idsOf(claims))
          .where('spent', '=', true)
          .where(isBusy)
          .execute()
      }),

    /**
     * Notes that a transfer hands its last bytes over. Claims whose copy these complete are spent, and a file whose last claim is
     * spent is `removed` in the same transaction; while the claim is busy its bytes are kept, since they may be lost on
     * their way. Other claims are the downloader's until `idle` ends, or `ending` if their copy seems to be complete. Throws
     * `not_found` if a claim was spent already.
     */
    handOver: (
      claims: readonly Claim[],
      { handover, handedOut }: Transferred,
      size: number,
      { idle, ending }: { idle: Lease; ending: Lease },
    ): Promise<void> =>
      transact(async (trx) => {
        for (const claim of claims) {
          const before = await lockClaim(trx, claim.id)
          if (!before) throw await gone(trx, claim.fileId)
          const progress = handOver(before.progress, handover, handedOut)
          const isSpent = isHandedOver(progress, size)
          await write(trx, claim.id, progress, isSpent ? undefined : seemsHandedOver(progress, size) ? ending : idle)
          if (isSpent && !(await spendOne(trx, claim))) throw await gone(trx, claim.fileId)
        }
      }),

    /**
     * Records that a transfer's bytes arrived. Returns whether this settles a spent claim, so that its bytes can be
     * deleted.
     */
    confirm: (claims: readonly Claim[], transfer: string): Promise<boolean> =>
      transact(async (trx) => {
        let isSettled = false
        for (const { id } of claims) {
          const claim = await lockClaim(trx, id)
          if (!claim || !isPending(claim.progress, transfer)) continue
          const progress = confirm(claim.progress, transfer)
          await write(trx, id, progress)
          if (!claim.spent || claim.busyUntil === 0 || isUnconfirmed(progress)) continue
          await trx.updateTable('claims').set({ busyUntil: 0 }).where('id', '=', id).execute()
          isSettled = true
        }
        return isSettled
      }),

    /** The connection was lost before a transfer had handed over all: its claims are the downloader's until `idle` ends. */
    release: (claims: readonly Claim[], { handover, handedOut }: Transferred, idle: Lease): Promise<void> =>
      transact(async (trx) => {
        for (const { id } of claims) {
          const claim = await lockClaim(trx, id)
          if (!claim || (claim.spent && claim.busyUntil === 0)) continue
          await write(trx, id, lose(handOver(claim.progress, handover, handedOut), handover.transfer), idle)
        }
      }),

    /**
     * The connection was lost after a transfer had handed over all. Claims that are spent are the downloader's again until `idle` ends,
     * unless the file was taken away meanwhile, or the lease was, as from a process that stood still: then somebody may be
     * deleting the bytes. Nothing happens where the downloader has resumed meanwhile.
     */
    lose: (claims: readonly Claim[], transfer: string, idle: Lease): Promise<void> =>
      transact(async (trx) => {
        for (const { id, fileId } of claims) {
          if (!(await holdUpload(trx, fileId))) continue
          const claim = await lockClaim(trx, id)
          if (!claim || !isPending(claim.progress, transfer)) continue
          const isRestored = claim.spent && (await restoreOne(trx, id, fileId))
          const isIdle = isRestored || (!claim.spent && claim.busyUntil === 0)
          await write(trx, id, lose(claim.progress, transfer), isIdle ? idle : undefined)
        }
      }),

    /** Leases of running transfers, and of transfers whose process has died. */
    listBusy: (): Promise<SeenLease[]> =>
      db.selectFrom('claims').select(['id', 'busyUntil as mark']).where(isBusy).execute(),

    /** Takes leases that were not renewed since they were seen: these transfers have ended. */
    takeLeases: (leases: readonly SeenLease[]): Promise<void> =>
      transact(async (trx) => {
        for (const { id, mark } of leases)
          await trx
            .updateTable('claims')
            .set({ busyUntil: 0 })
            .where('id', '=', id)
            .where('busyUntil', '=', mark)
            .execute()
      }),

    /** Spends at most `batch` claims whose window has passed and on which no transfer runs; returns how many. */
    lapse: (now: number, batch: number): Promise<number> =>
      transact(async (trx) => {
        const lapsed = await trx
          .selectFrom('claims')
          .innerJoin('files', 'files.id', 'claims.fileId')
          .innerJoin('uploads', 'uploads.id', 'files.uploadId')
          .select(['claims.id', 'claims.fileId', 'uploads.downloadLimit'])
          .where('claims.spent', '=', false)
          .where('claims.expiresAt', '<=', now)
          .where('claims.busyUntil', '=', 0)
          .orderBy('claims.fileId') // as in `take`
          .limit(batch)
          .execute()
        for (const { id, fileId, downloadLimit } of lapsed) {
          await spendOne(trx, { id, fileId, limit: downloadLimit ?? Number.POSITIVE_INFINITY }, now)
        }
        return lapsed.length
      }),
  }
}

/** With a literal, so that SQLite takes the index of them. */
const isBusy = sql<boolean>`busy_until > 0`

const idsOf = (claims: readonly Claim[]): string[] => claims.map(({ id }) => id)

/** The downloader's own claim, if no transfer is running on it. */
const findIdle = (trx: Transaction<Schema>, fileId: string, { downloaderId, scope }: Claimant, now: number) =>
  trx
    .selectFrom('claims')
    .select('id')
    .where('fileId', '=', fileId)
    .where('holder', '=', downloaderId)
    .where('scope', '=', scope)
    .where('spent', '=', false)
    .where('expiresAt', '>', now)
    .where('busyUntil', '=', 0)
    .executeTakeFirst()

async function resumeOne(
  trx: Transaction<Schema>,
  fileId: string,
  claimant: Claimant,
  { start, length, isLook, maxBytes }: Wanted,
  lease: Lease,
  now: number,
) {
  const idle = await findIdle(trx, fileId, claimant, now)
  const own = idle && (await lockClaim(trx, idle.id))
  if (!own || own.spent || own.busyUntil > 0) return undefined
  const { handedOut } = own.progress
  const left = maxBytes - handedOut
  if (left < (isLook ? 1 : length)) throw await gone(trx, fileId)
  await write(trx, idle.id, resumeAt(own.progress, start), lease)
  return { id: idle.id, handedOut, length: left < length ? 1 : length }
}

/** A claim that nobody else changes before the end of the transaction. An update is a lock on both databases. */
async function lockClaim(trx: Transaction<Schema>, id: string) {
  const row = await trx
    .updateTable('claims')
    .set((eb) => ({ spent: eb.ref('spent') }))
    .where('id', '=', id)
    .returning(['delivered', 'handovers', 'handedOut', 'busyUntil', 'spent'])
    .executeTakeFirst()
  if (!row) return undefined
  const { busyUntil, spent, ...progress } = row
  return { progress, busyUntil, spent }
}

const write = (trx: Transaction<Schema>, id: string, progress: Progress, lease?: Lease) =>
  trx
    .updateTable('claims')
    .set({ ...progress, ...lease })
    .where('id', '=', id)
    .execute()

/** The counter on the file decides: of any number of parallel requests, only `limit` get past this update. */
async function takeOne(
  trx: Transaction<Schema>,
  fileId: string,
  limit: number,
  claimant: Claimant,
  lease: Lease,
  now: number,
) {
  const { numUpdatedRows } = await trx
    .updateTable('files')
    .set((eb) => ({ claimsTaken: eb('claimsTaken', '+', 1) }))
    .where('id', '=', fileId)
    .where('status', '=', 'uploaded')
    .where('claimsTaken', '<', limit)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) throw await refusal(trx, fileId, claimant, now)
  const id = newId()
  const { downloaderId, scope } = claimant
  await trx
    .insertInto('claims')
    .values({
      id,
      fileId,
      holder: downloaderId,
      scope,
      busyUntil: lease.busyUntil,
      expiresAt: lease.expiresAt,
    })
    .execute()
  return id
}

/** `locked` while another downloader's claim may still be released, `not_found` if all are spent. */
async function refusal(
  trx: Transaction<Schema>,
  fileId: string,
  { downloaderId }: Claimant,
  now: number,
): Promise<AppError> {
  const { nextEnd, ownTransfers } = await trx
    .selectFrom('claims')
    .select(({ fn, eb }) => [
      fn.min('expiresAt').as('nextEnd'),
      fn
        .countAll<number>()
        .filterWhere(eb.and([eb('holder', '=', downloaderId), isBusy]))
        .as('ownTransfers'),
    ])
    .where('fileId', '=', fileId)
    .where('spent', '=', false)
    .where((eb) => eb.or([eb('expiresAt', '>', now), isBusy]))
    .executeTakeFirstOrThrow()
  if (nextEnd === null) return gone(trx, fileId)
  const secondsLeft = Math.ceil((nextEnd - now) / 1000)
  const retryAfterSeconds = ownTransfers > 0 ? Math.min(OWN_RETRY_SECONDS, secondsLeft) : secondsLeft
  return new AppError('file_being_downloaded', {}, { retryAfterSeconds: Math.max(1, retryAfterSeconds) })
}

/** The same error as for any request for a deleted file. */
async function gone(trx: Transaction<Schema>, fileId: string): Promise<AppError> {
  const file = await trx.selectFrom('files').select('name').where('id', '=', fileId).executeTakeFirst()
  return new AppError('file_not_available', { name: file?.name ?? '', id: fileId, status: 'deleted' })
}

async function giveBackOne(trx: Transaction<Schema>, { id, fileId }: Claim): Promise<void> {
  const { numDeletedRows } = await trx
    .deleteFrom('claims')
    .where('id', '=', id)
    .where('spent', '=', false)
    .executeTakeFirst()
  if (numDeletedRows === 0n) return
  await trx
    .updateTable('files')
    .set((eb) => ({ claimsTaken: eb('claimsTaken', '-', 1) }))
    .where('id', '=', fileId)
    .execute()
}

/** With `lapsedAt` only if its window has passed by then: its downloader may just have resumed. False: it is spent, or the downloader has. */
async function spendOne(trx: Transaction<Schema>, { id, fileId, limit }: Claim, lapsedAt?: number): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('claims')
    .set({ spent: true })
    .where('id', '=', id)
    .where('spent', '=', false)
    .where((eb) =>
      lapsedAt === undefined ? eb.lit(true) : eb.and([eb('expiresAt', '<=', lapsedAt), eb('busyUntil', '=', 0)]),
    )
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  const { claimsSpent } = await trx
    .updateTable('files')
    .set((eb) => ({ claimsSpent: eb('claimsSpent', '+', 1) }))
    .where('id', '=', fileId)
    .returning('claimsSpent')
    .executeTakeFirstOrThrow()
  if (claimsSpent >= limit) {
    await trx
      .updateTable('files')
      .set({ status: 'removed' })
      .where('id', '=', fileId)
      .where('status', '=', 'uploaded')
      .execute()
  }
  return true
}

async function restoreOne(trx: Transaction<Schema>, id: string, fileId: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('claims')
    .set({ spent: false })
    .where('id', '=', id)
    .where('spent', '=', true)
    .where(isBusy)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  await trx
    .updateTable('files')
    .set((eb) => ({ claimsSpent: eb('claimsSpent', '-', 1), status: 'uploaded' }))
    .where('id', '=', fileId)
    .where('status', 'in', ['uploaded', 'removed'])
    .where('blobKey', 'is not', null)
    .execute()
  return true
}

/** Whether the file's upload is there; if so it stays so until the end of the transaction. An update is a lock on both databases. */
async function holdUpload(trx: Transaction<Schema>, fileId: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('uploads')
    .set({ status: 'active' })
    .where('id', '=', trx.selectFrom('files').select('uploadId').where('id', '=', fileId))
    .where('status', '=', 'active')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}
