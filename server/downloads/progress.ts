import { isWhole, type ReceivedRanges, withRange } from './received-ranges.ts'

/** Bytes that one response handed to its connection and whose delivery is not confirmed. */
export interface Handover {
  /** The id of the transfer; null: its connection was lost, so possibly only the first of these bytes arrived. */
  transfer: string | null
  first: number
  /** Inclusive. */
  last: number
  /** After the connection was lost, the downloader requested the byte after `last`, so it seems to have these. */
  isResumed?: boolean
}

/** The progress of one downloaded copy. */
export interface Progress {
  /** Bytes whose delivery is confirmed. */
  delivered: ReceivedRanges
  handovers: readonly Handover[]
  /** Bytes, repeated ones included. */
  handedOut: number
}

/** Returns `progress` with the latest handover of a transfer, which replaces its earlier one. */
export const handOver = (progress: Progress, handover: Handover, handedOut: number): Progress => ({
  ...progress,
  handedOut,
  handovers: [...without(progress, handover.transfer), handover],
})

/** Whether all bytes were handed over, and none of them are known to be lost. */
export const isHandedOver = ({ delivered, handovers }: Progress, size: number): boolean =>
  isWhole(
    withRanges(
      delivered,
      handovers.filter(({ transfer }) => transfer !== null),
    ),
    size,
  )

/**
 * Like `isHandedOver`, but counts bytes that the downloader seems to have. One with several connections may still request
 * some of them.
 */
export const seemsHandedOver = ({ delivered, handovers }: Progress, size: number): boolean =>
  isWhole(
    withRanges(
      delivered,
      handovers.filter(({ transfer, isResumed }) => transfer !== null || isResumed),
    ),
    size,
  )

/** Whether delivery of what this transfer handed over is still unconfirmed. */
export const isPending = ({ handovers }: Progress, transfer: string): boolean =>
  handovers.some((handover) => handover.transfer === transfer)

/** Whether any transfer is still unconfirmed. */
export const isUnconfirmed = ({ handovers }: Progress): boolean => handovers.some(({ transfer }) => transfer !== null)

/** Records that the connection delivered everything the transfer handed to it. */
export function confirm(progress: Progress, transfer: string): Progress {
  const arrived = progress.handovers.filter((handover) => handover.transfer === transfer)
  return { ...progress, delivered: withRanges(progress.delivered, arrived), handovers: without(progress, transfer) }
}

/** Records that the connection was lost before everything handed to it arrived. */
export function lose(progress: Progress, transfer: string): Progress {
  const lost = progress.handovers.filter((handover) => handover.transfer === transfer && !isEmpty(handover))
  return {
    ...progress,
    handovers: [...without(progress, transfer), ...lost.map((one) => ({ ...one, transfer: null }))],
  }
}

/**
 * Records that the downloader requests bytes beginning at `start`: it seems to have those before, up to the point where a
 * connection was lost.
 */
export const resumeAt = (progress: Progress, start: number): Progress => ({
  ...progress,
  handovers: progress.handovers.map((handover) => {
    const { transfer, first, last } = handover
    const isResumed = transfer === null && first < start && start <= last + 1
    return isResumed ? { ...handover, last: start - 1, isResumed } : handover
  }),
})

const isEmpty = ({ first, last }: Pick<Handover, 'first' | 'last'>): boolean => last < first

const withRanges = (ranges: ReceivedRanges, added: readonly Pick<Handover, 'first' | 'last'>[]): ReceivedRanges =>
  added.filter((one) => !isEmpty(one)).reduce((all, { first, last }) => withRange(all, first, last), ranges)

const without = ({ handovers }: Progress, transfer: string | null): Handover[] =>
  handovers.filter((handover) => transfer === null || handover.transfer !== transfer)
