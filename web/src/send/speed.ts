/** How fast bytes move, over the last seconds. Pure: the caller says what time it is. */

const WINDOW_MS = 8_000
const MIN_SPAN_MS = 500
/** Of samples that follow each other faster the last will do. */
const SAMPLE_EVERY_MS = 100

export interface Sample {
  at: number
  sent: number
}

/** The samples that still count, with a new one. One that falls back, since a transfer began anew, starts over. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1)
  const kept = last && sample.sent < last.sent ? [] : samples.filter(({ at }) => at >= sample.at - WINDOW_MS)
  const isSoon = kept.length > 1 && sample.at - (kept.at(-2)?.at ?? 0) < SAMPLE_EVERY_MS
  return [...(isSoon ? kept.slice(0, -1) : kept), sample]
}

/** Bytes per second; undefined while too little is known. */
export function speedOf(samples: readonly Sample[]): number | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last || last.at - first.at < MIN_SPAN_MS) return undefined
  return ((last.sent - first.sent) / (last.at - first.at)) * 1000
}

/** Seconds until `size` bytes are sent; undefined when nothing moves. */
export function secondsLeft(samples: readonly Sample[], size: number): number | undefined {
  const speed = speedOf(samples)
  const sent = samples.at(-1)?.sent ?? 0
  return speed === undefined || speed <= 0 ? undefined : (size - sent) / speed
}
