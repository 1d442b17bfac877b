import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createSlots } from '../../../../server/images/pipeline/slots.ts'

/** Work that ends on request, and counts its calls. */
function controlledWork() {
  const ends: (() => void)[] = []
  const work = () => new Promise<void>((resolve) => ends.push(resolve))
  return { work, started: () => ends.length, end: (index: number) => ends[index]?.() }
}

test('no more pieces of work run at a time than allowed, and the next starts when one ends', async () => {
  const { run } = createSlots({ parallelism: 2, queueLimit: 5, waitMs: 1000, timeoutMs: 1000 })
  const { work, started, end } = controlledWork()
  const all = [run(work), run(work), run(work)]

  await nextTurn()
  expect(started()).toBe(2)

  end(0)
  await all[0]
  await nextTurn()
  expect(started()).toBe(3)

  end(1)
  end(2)
  await Promise.all(all)
})

test('a place in the queue is free again when work has ended', async () => {
  const { run } = createSlots({ parallelism: 1, queueLimit: 0, waitMs: 1000, timeoutMs: 1000 })
  const { work, end } = controlledWork()
  const first = run(work)
  await nextTurn()
  await expect(run(work)).rejects.toMatchObject({ kind: 'busy' })

  end(0)
  await first
  await nextTurn()

  expect(await run(async () => 'done')).toBe('done')
})

test('work that fails frees its place, too', async () => {
  const { run } = createSlots({ parallelism: 1, queueLimit: 0, waitMs: 1000, timeoutMs: 1000 })

  await expect(run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  await nextTurn()

  expect(await run(async () => 'done')).toBe('done')
})

test('work that does not stop when its time is up keeps its place until it ends', async () => {
  const { run } = createSlots({ parallelism: 1, queueLimit: 0, waitMs: 1000, timeoutMs: 5 })
  const { work, end } = controlledWork()

  await expect(run(work)).rejects.toMatchObject({ kind: 'slow' })
  await expect(run(work)).rejects.toMatchObject({ kind: 'busy' })

  end(0)
  await nextTurn()
  expect(await run(async () => 'done')).toBe('done')
})

test('a client with nothing running is next, however many others wait', async () => {
  const { run } = createSlots({ parallelism: 1, queueLimit: 5, waitMs: 1000, timeoutMs: 1000 })
  const order: string[] = []
  const named = (name: string) => async () => void order.push(name)
  const { work, end } = controlledWork()
  const first = run(work, { owner: 'greedy' })
  const rest = ['a', 'b'].map((name) => run(named(name), { owner: 'greedy' }))

  await run(named('other'), { owner: 'modest' })
  expect(order).toEqual(['other'])

  end(0)
  await Promise.all([first, ...rest])
  expect(order).toEqual(['other', 'a', 'b'])
})

test('one owner can’t take all places of the queue', async () => {
  const { run } = createSlots({ parallelism: 1, queueLimit: 2, ownerLimit: 1, waitMs: 1000, timeoutMs: 1000 })
  const { work, end } = controlledWork()
  const greedy = [run(work, { owner: 'greedy' }), run(work, { owner: 'greedy' })]

  await expect(run(work, { owner: 'greedy' })).rejects.toMatchObject({ kind: 'busy' })
  const modest = [run(work, { owner: 'modest' }), run(work, { owner: 'modest' })]

  for (const index of [0, 1, 2, 3]) {
    await nextTurn()
    end(index)
  }
  await Promise.all([...greedy, ...modest])
})

test('a claimant that waits for too long gets an error, and its work never begins', async () => {
  const { run } = createSlots({ parallelism: 1, queueLimit: 1, waitMs: 5, timeoutMs: 1000 })
  const { work, started, end } = controlledWork()
  const first = run(work)

  await expect(run(work)).rejects.toMatchObject({ kind: 'busy' })

  end(0)
  await first
  await nextTurn()
  expect(started()).toBe(1)
})

test('work of a claimant that left before its turn is never done', async () => {
  const { run } = createSlots({ parallelism: 1, queueLimit: 1, waitMs: 1000, timeoutMs: 1000 })
  const { work, started, end } = controlledWork()
  const gone = new AbortController()
  const first = run(work)
  const second = run(work, { signal: gone.signal })

  gone.abort(new Error('gone'))

  await expect(second).rejects.toThrow('gone')
  end(0)
  await first
  await nextTurn()
  expect(started()).toBe(1)
})
