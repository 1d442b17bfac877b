import type { RetryEvent } from '../src/retry.ts'
import { bytesText, durationText } from './format.ts'

/** Shows the progress of a transfer in one line of the terminal. Prints nothing if the output is a file or a pipe. */

export interface ProgressBar {
  update(done: number, total: number | undefined): void
  onRetry(event: RetryEvent): void
  /** Clears the line. */
  end(): void
}

const EVERY_MS = 100
/** Period over which the speed is measured. */
const WINDOW_MS = 5_000
const BAR_WIDTH = 20

export function createProgressBar(label: string, out: NodeJS.WriteStream = process.stderr): ProgressBar {
  if (!out.isTTY) return { update: () => {}, onRetry: () => {}, end: () => {} }
  let samples: { at: number; done: number }[] = []
  let drawnAt = 0

  function draw(text: string): void {
    drawnAt = Date.now()
    out.write(`\r${text.slice(0, (out.columns || 80) - 1)}\x1b[K`)
  }

  function bytesPerSecond(): number {
    const [first, last] = [samples[0], samples.at(-1)]
    if (!first || !last || last.at === first.at) return 0
    return Math.max(0, ((last.done - first.done) / (last.at - first.at)) * 1000)
  }

  function update(done: number, total: number | undefined): void {
    const now = Date.now()
    const isEnd = done === total
    if (now - drawnAt < EVERY_MS && !isEnd) return
    samples = [...samples.filter(({ at }) => now - at < WINDOW_MS), { at: now, done }]
    draw(lineOf(label, done, total, bytesPerSecond()))
  }

  const onRetry = ({ error, delayMs }: RetryEvent): void =>
    draw(`${label}  ${error.detail}; next try in ${durationText(delayMs / 1000)}`)

  return { update, onRetry, end: () => void out.write('\r\x1b[K') }
}

/** `plan.pdf  45% [=========>          ]  12.3 MB of 27.3 MB  3.4 MB/s  4 s left` */
export function lineOf(label: string, done: number, total: number | undefined, bytesPerSecond: number): string {
  const speed = `${bytesText(bytesPerSecond)}/s`
  if (total === undefined) return `${label}  ${bytesText(done)}  ${speed}`
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.floor(share * BAR_WIDTH)
  const bar = `${'='.repeat(filled)}${filled < BAR_WIDTH ? '>' : ''}`.padEnd(BAR_WIDTH)
  const left = bytesPerSecond > 0 ? `  ${durationText((total - done) / bytesPerSecond)} left` : ''
  return `${label}  ${Math.floor(share * 100)}% [${bar}]  ${bytesText(done)} of ${bytesText(total)}  ${speed}${left}`
}
