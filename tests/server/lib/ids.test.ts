import { afterEach, expect, test, vi } from 'vitest'
import { newBlobKey } from '../../../server/lib/ids.ts'

afterEach(() => void vi.restoreAllMocks())

test('blobs of one moment share a folder and nothing else, those of the next one have another', () => {
  const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000_000_000)
  const keys = Array.from({ length: 1_000 }, newBlobKey)
  now.mockReturnValue(1_000_000_000_250)
  const later = newBlobKey()

  const folderOf = (key: string) => key.slice(0, 2)
  expect(new Set(keys.map(folderOf)).size).toBe(1)
  expect(new Set(keys.map((key) => key.slice(2))).size).toBe(keys.length)
  expect(Number.parseInt(folderOf(later), 16)).toBe((Number.parseInt(folderOf(keys[0] ?? ''), 16) + 1) % 256)
  expect([...keys, later].filter((key) => !/^[0-9a-f]{32}$/.test(key))).toEqual([])
})
