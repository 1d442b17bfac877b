import { expect, test } from 'vitest'
import { kindOf } from '../../../web/src/ui/file-kind.ts'

test.each(['jpg', 'PNG', 'webp', 'avif', 'heic', 'heif', 'tif', 'gif'])(
  'a .%s of unknown type is an image',
  (ending) => {
    expect(kindOf({ name: `photo.${ending}`, type: 'application/octet-stream' })).toBe('image')
  },
)

test.each(['mp4', 'm4v', 'mov', '3gp', 'webm'])('a .%s of unknown type is a video', (ending) => {
  expect(kindOf({ name: `film.${ending}`, type: 'application/octet-stream' })).toBe('video')
})
