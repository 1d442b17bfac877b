import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createMemoryBudget } from '../../../../server/images/pipeline/memory.ts'

const { signal } = new AbortController()

test('what fits is held at the same time, and the rest waits in order', async () => {
  const { hold } = createMemoryBudget(100)
  const ends: (() => void)[] = []
  const held = [60, 40, 80, 10].map((bytes) =>
    hold(bytes, signal, () => new Promise<void>((resolve) => ends.push(resolve))),
  )
  await nextTurn()
  expect(ends).toHaveLength(2)

  ends[1]?.()
  await nextTurn()
  expect(ends).toHaveLength(2) // 10 would fit, but 80 was first

  ends[0]?.()
  await nextTurn()
  expect(ends).toHaveLength(4)

  for (const end of ends) end()
  await Promise.all(held)
})

test('what never fits is a problem of the image', async () => {
  const { hold } = createMemoryBudget(100)

  await expect(hold(101, signal, async () => {})).rejects.toMatchObject({ kind: 'unfit' })
})

test('a claimant that gives up while it waits leaves its place to the next, and work that fails gives its memory back', async () => {
  const { hold } = createMemoryBudget(100)
  const gone = new AbortController()
  const first = Promise.withResolvers<void>()
  const holding = hold(60, signal, () => first.promise)
  const waiting = hold(80, gone.signal, async () => {})
  const next = hold(40, signal, async () => 'next')

  gone.abort(new Error('gone'))

  await expect(waiting).rejects.toThrow('gone')
  expect(await next).toBe('next')
  first.reject(new Error('broken'))
  await expect(holding).rejects.toThrow('broken')
  expect(await hold(100, signal, async () => 'all')).toBe('all')
})
