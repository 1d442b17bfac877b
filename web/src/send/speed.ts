/** The transfer speed over the last seconds. Pure: the caller passes the time. */

const WINDOW_MS = 8_000
const MIN_SPAN_MS = 500
/** Of samples in quick succession only the last one is kept. */
const SAMPLE_EVERY_MS = 100

export interface Sample {
  at: number
  sent: number
}

/** The relevant samples including the new one. A sample with fewer bytes, after a transfer was restarted, starts a new series. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1)
  const kept = last && sample.sent < last.sent ? [] : samples.filter(({ at }) => at >= sample.at - WINDOW_MS)
  const isSoon = kept.length > 1 && sample.at - (kept.at(-2)?.at ?? 0) < SAMPLE_EVERY_MS
  return [...(isSoon ? kept.slice(0, -1) : kept), sample]
}

/** Bytes per second; undefined if there are too few samples. */
export function speedOf(samples: readonly Sample[]): number | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last || last.at - first.at < MIN_SPAN_MS) return undefined
  return ((last.sent - first.sent) / (last.at - first.at)) * 1000
}

/** Seconds until `size` bytes are sent; undefined if no bytes are being sent. */
export function secondsLeft(samples: readonly Sample[], size: number): number | undefined {
  const speed = speedOf(samples)
  const sent = samples.at(-1)?.sent ?? 0
  return speed === undefined || speed <= 0 ? undefined : (size - sent) / speed
}
