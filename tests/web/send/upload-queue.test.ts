import { describe, expect, test } from 'vitest'
import { type FileState, type QueuedFile, type QueueEvent, step, totalOf } from '../../../web/src/send/upload-queue.ts'

const fileIn = (key: string, state: FileState, sent = 0): QueuedFile => ({ key, name: key, size: 100, sent, state })
const statesAfter = (files: QueuedFile[], event: QueueEvent, parallel = 2) =>
  step(files, event, parallel).files.map(({ state }) => state)

describe('the queue', () => {
  test('sends so many files at once, and the next when one is done', () => {
    const waiting = [fileIn('a', 'waiting'), fileIn('b', 'waiting'), fileIn('c', 'waiting')]

    const begun = step(waiting, { type: 'begin' }, 2)
    const next = step(begun.files, { type: 'done', key: 'a' }, 2)

    expect(begun.start).toEqual(['a', 'b'])
    expect(next.start).toEqual(['c'])
    expect(next.files.map(({ state }) => state)).toEqual(['done', 'sending', 'sending'])
  })

  test('stops what is under way when it is paused, keeps what was sent, and continues with it', () => {
    const files = [fileIn('a', 'sending', 40), fileIn('b', 'waiting'), fileIn('c', 'done', 100)]

    const paused = step(files, { type: 'pause' }, 2)
    const going = step(paused.files, { type: 'continue' }, 2)

    expect(paused.stop).toEqual(['a'])
    expect(paused.files.map(({ state }) => state)).toEqual(['paused', 'paused', 'done'])
    expect(going.start).toEqual(['a', 'b'])
    expect(going.files[0]?.sent).toBe(40)
  })

  test('lets the next file go when one is paused, fails or is cancelled', () => {
    const files = [fileIn('a', 'sending'), fileIn('b', 'waiting')]

    expect(statesAfter(files, { type: 'pause', key: 'a' }, 1)).toEqual(['paused', 'sending'])
    expect(statesAfter(files, { type: 'failed', key: 'a', error: 'why' }, 1)).toEqual(['failed', 'sending'])
    expect(statesAfter(files, { type: 'cancel', key: 'a' }, 1)).toEqual(['cancelled', 'sending'])
  })

  test('tries a failed file again, and has forgotten why it failed', () => {
    const failed: QueuedFile = { ...fileIn('a', 'failed', 10), error: 'why' }

    const { files, start } = step([failed], { type: 'continue', key: 'a' }, 1)

    expect(files).toEqual([fileIn('a', 'sending', 10)])
    expect(start).toEqual(['a'])
  })

  test('discards what is cancelled once, and never what is done', () => {
    const files = [fileIn('a', 'sending'), fileIn('b', 'done', 100), fileIn('c', 'cancelled')]

    const { discard } = step(files, { type: 'cancel' }, 2)

    expect(discard).toEqual(['a'])
    expect(statesAfter(files, { type: 'cancel' })).toEqual(['cancelled', 'done', 'cancelled'])
  })

  test('news of a transfer that was stopped changes nothing', () => {
    const files = [fileIn('a', 'paused', 10), fileIn('b', 'cancelled')]

    expect(step(files, { type: 'progress', key: 'a', sent: 50 }, 2).files).toEqual(files)
    expect(statesAfter(files, { type: 'stalled', key: 'a' })).toEqual(['paused', 'cancelled'])
    expect(statesAfter(files, { type: 'done', key: 'b' })).toEqual(['paused', 'cancelled'])
  })

  test('a stalled transfer keeps its place, and is sending again with its next byte', () => {
    const stalled = step([fileIn('a', 'sending', 10), fileIn('b', 'waiting')], { type: 'stalled', key: 'a' }, 1)

    expect(stalled.start).toEqual([])
    expect(statesAfter(stalled.files, { type: 'progress', key: 'a', sent: 11 }, 1)).toEqual(['sending', 'waiting'])
  })
})

describe('all files as one', () => {
  test('leaves out what was cancelled', () => {
    expect(totalOf([fileIn('a', 'sending', 30), fileIn('b', 'cancelled', 70)])).toEqual({
      sent: 30,
      size: 100,
      state: 'sending',
    })
  })

  test.each<[FileState[], string]>([
    [['sending', 'stalled'], 'sending'],
    [['stalled', 'waiting'], 'stalled'],
    [['paused', 'done'], 'paused'],
    [['failed', 'done'], 'failed'],
    [['done', 'cancelled'], 'done'],
  ])('%j are %s', (states, expected) => {
    expect(totalOf(states.map((state, index) => fileIn(String(index), state))).state).toBe(expected)
  })
})
