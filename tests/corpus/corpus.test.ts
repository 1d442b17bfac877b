import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeImages } from '../fixtures/images.ts'
import { temporaryFolder } from '../helpers/database.ts'
import { personalTagsOf } from '../helpers/exiftool.ts'
import { sharedApp } from '../helpers/make-app.ts'
import { isInstalled } from '../helpers/programs.ts'
import { judge, treat } from './judge.ts'

const app = sharedApp()

test.skipIf(!(['exiftool', 'heif', 'imagemagick'] as const).every(isInstalled))(
  'of one image or video of each kind nothing personal is left, and nothing else is lost',
  async () => {
    const [before, after] = [temporaryFolder(), temporaryFolder()]
    const names = await makeImages(before)

    const treated = await Promise.all(names.map((name) => treat(app, join(before, name), after)))

    const told = personalTagsOf(names.map((name) => join(before, name)))
    expect(judge(treated)).toEqual([])
    expect(treated.filter(({ report }) => report?.status === 'unchanged')).toEqual([])
    expect([...told.values()].filter((tags) => tags.length > 0).length).toBeGreaterThan(10)
  },
)
