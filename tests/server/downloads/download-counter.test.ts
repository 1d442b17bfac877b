import { expect, test } from 'vitest'
import { createDownloadCounter } from '../../../server/downloads/download-counter.ts'

/** What counts as a download in parts; the routes are tested in activity/download-counts. */

/** Fetches every second byte, so that each leaves a gap. */
const fetchSparsely = (size: number, count: number) => {
  const copies = createDownloadCounter()
  for (let index = 0; index < count; index += 1) copies.completes('reader', size, index * 2, 1)
  return copies
}

test('a reader may leave a hundred gaps and fill them, and not one more', () => {
  const size = 202
  const hundred = fetchSparsely(size, 100)
  const more = fetchSparsely(size, 101)

  expect(hundred.completes('reader', size, 1, size - 1)).toBe(true)
  expect(more.completes('reader', size, 1, size - 1)).toBe(false)
})

test('once a copy is complete the next one begins', () => {
  const copies = createDownloadCounter()

  const answers = [0, 1, 1, 0].map((first) => copies.completes('reader', 2, first, 1))

  expect(answers).toEqual([false, true, false, true])
})

test('bytes that reached no client complete nothing', () => {
  const copies = createDownloadCounter()

  expect(copies.completes('reader', 2, 0, 0)).toBe(false)
  expect(copies.completes('reader', 2, 0, 1)).toBe(false)
})
