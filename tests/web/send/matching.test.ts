import { describe, expect, test } from 'vitest'
import { matched } from '../../../web/src/send/matching.ts'

const leftOf = (key: string, path: string, modified = 1) => ({ key, path, size: 1, modified })
const chosenOf = (key: string, path: string, modified = 1, content = 'x') => ({
  key,
  path,
  bytes: new File([content], path, { lastModified: modified }),
})
const pairs = (left: ReturnType<typeof leftOf>[], files: ReturnType<typeof chosenOf>[]) =>
  matched(left, files).map((match) => `${match.chosen.key} is ${match.left.key}`)

describe('a file that is chosen again', () => {
  test('is the one of the same path and size', () => {
    expect(pairs([leftOf('a', 'one.bin'), leftOf('b', 'two.bin')], [chosenOf('x', 'two.bin')])).toEqual(['x is b'])
    expect(pairs([leftOf('a', 'one.bin')], [chosenOf('x', 'one.bin', 1, 'longer')])).toEqual([])
    expect(pairs([leftOf('a', 'one.bin')], [chosenOf('x', 'another-one.bin')])).toEqual([])
  })

  test('is one of them only, and each of them is taken once', () => {
    const left = [leftOf('a', 'x.bin', 1), leftOf('b', 'x.bin', 2)]

    expect(pairs(left, [chosenOf('x', 'x.bin', 2)])).toEqual(['x is b'])
    expect(pairs(left, [chosenOf('x', 'x.bin', 2), chosenOf('y', 'x.bin', 1)])).toEqual(['x is b', 'y is a'])
    expect(
      pairs(
        left,
        ['x', 'y', 'z'].map((key) => chosenOf(key, 'x.bin', 3)),
      ),
    ).toEqual(['x is a', 'y is b'])
  })

  test('is known without its folders, or with more of them', () => {
    expect(pairs([leftOf('a', 'photos/2026/x.jpg')], [chosenOf('x', 'x.jpg')])).toEqual(['x is a'])
    expect(pairs([leftOf('a', 'photos/2026/x.jpg')], [chosenOf('x', '2026/x.jpg')])).toEqual(['x is a'])
    expect(pairs([leftOf('a', 'x.jpg')], [chosenOf('x', 'photos/x.jpg')])).toEqual(['x is a'])
  })

  test('without its folders is matched by its time, and not at all if that is ambiguous', () => {
    const left = [leftOf('a', 'one/x.bin', 1), leftOf('b', 'two/x.bin', 2)]
    const alike = [leftOf('a', 'one/x.bin'), leftOf('b', 'two/x.bin')]

    expect(pairs(left, [chosenOf('x', 'x.bin', 2)])).toEqual(['x is b'])
    expect(pairs(left, [chosenOf('x', 'x.bin', 3)])).toEqual([])
    expect(pairs(alike, [chosenOf('x', 'x.bin')])).toEqual([])
    expect(pairs(alike, [chosenOf('x', 'two/x.bin')])).toEqual(['x is b'])
  })
})
