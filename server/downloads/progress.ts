import { isWhole, type ReceivedRanges, withRange } from './received-ranges.ts'

/** Bytes that one response handed to its connection, where it is not known that all of them arrived. */
export interface Handover {
  /** The id of the transfer; null: its connection was lost, so that at best the first of these bytes arrived. */
  transfer: string | null
  first: number
  /** Inclusive. */
  last: number
  /** The downloader asked for the byte after `last` once the connection was lost, so it seems to have these. */
  isResumed?: boolean
}

/** How far the download of one copy has come. */
export interface Progress {
  /** What arrived. */
  delivered: ReceivedRanges
  handovers: readonly Handover[]
  /** Bytes, repeated ones included. */
  handedOut: number
}

/** `progress` with what a transfer has handed over so far, in place of what was noted of it before. */
export const handOver = (progress: Progress, handover: Handover, handedOut: number): Progress => ({
  ...progress,
  handedOut,
  handovers: [...without(progress, handover.transfer), handover],
})

/** Whether all bytes were handed over, and no connection is known to have lost any of them. */
export const isHandedOver = ({ delivered, handovers }: Progress, size: number): boolean =>
  isWhole(
    withRanges(
      delivered,
      handovers.filter(({ transfer }) => transfer !== null),
    ),
    size,
  )

/** The same, if the downloader has what it seems to have. One with several connections may still ask for some of it. */
export const seemsHandedOver = ({ delivered, handovers }: Progress, size: number): boolean =>
  isWhole(
    withRanges(
      delivered,
      handovers.filter(({ transfer, isResumed }) => transfer !== null || isResumed),
    ),
    size,
  )

/** Whether it is still to be seen if what this transfer handed over arrived. */
export const isPending = ({ handovers }: Progress, transfer: string): boolean =>
  handovers.some((handover) => handover.transfer === transfer)

/** The same of any transfer. */
export const isUnconfirmed = ({ handovers }: Progress): boolean => handovers.some(({ transfer }) => transfer !== null)

/** The connection of a transfer delivered what was handed to it. */
export function confirm(progress: Progress, transfer: string): Progress {
  const arrived = progress.handovers.filter((handover) => handover.transfer === transfer)
  return { ...progress, delivered: withRanges(progress.delivered, arrived), handovers: without(progress, transfer) }
}

/** The connection of a transfer was lost before all that was handed to it arrived. */
export function lose(progress: Progress, transfer: string): Progress {
  const lost = progress.handovers.filter((handover) => handover.transfer === transfer && !isEmpty(handover))
  return {
    ...progress,
    handovers: [...without(progress, transfer), ...lost.map((one) => ({ ...one, transfer: null }))],
  }
}

/** The downloader asks for the bytes from `start` on: it seems to have those before, as far as a connection that was lost reached. */
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
