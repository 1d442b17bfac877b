import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What exiftool knows of files, which is more than our own code looks at. */

/** Groups of tags that say how a file is built, and of what the pixels are. */
const STRUCTURE =
  /^(?:SourceFile$|ExifTool|System|File|ICC|JFIF|Adobe|MPF|MPImage|APP14|Composite|PNG$|PNG-pHYs|PNG-cICP|GIF|RIFF|Jpeg2000$|Meta|AV1|HEVC|XMP-x$|XMP-hdrgm|XMP-G?Container|XMP-GPano|XMP-GSpherical)/
/** In groups that say both. */
const PERSONAL =
  /GPS|Latitude|Longitude|Location|Make|Model|Serial|Date|Author|Artist|Creator|Owner|Software|Comment|Title|Description$|Copyright|Keyword|Camera|Lens|Person|Host/i
/** Chapters are content. */
const CONTENT = ['UserData:ChapterList']
const NOTHING = ['0000:00:00 00:00:00', '', ' ', 0]

/** The tags of a file that tell of people, places, devices or days, as `Group:Tag`. The orientation alone is none. */
export function personalTags(file: string | Uint8Array): string[] {
  if (typeof file !== 'string') return asFile(file, personalTags)
  return personalTagsOf([file]).get(file) ?? []
}

/** Of each file, by its path. */
export function personalTagsOf(paths: readonly string[]): Map<string, string[]> {
  const output = exiftool('-json', '-G1', '-a', '-ee3', '-U', '-api', 'largefilesupport=1', ...paths)
  const files = JSON.parse(output.toString()) as Record<string, unknown>[]
  const named = files.map((tags): [string, string[]] => [
    String(tags.SourceFile),
    Object.entries(tags)
      .filter(([name, value]) => isPersonal(name, value))
      .map(([name]) => name),
  ])
  return new Map(named)
}

/** Runs it. */
export const exiftool = (...options: string[]): Buffer =>
  execFileSync('exiftool', options, { stdio: ['ignore', 'pipe', 'pipe'] })

/** Lets `use` work on a file with these bytes. */
export function asFile<T>(bytes: Uint8Array, use: (path: string) => T, name = 'file'): T {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-test-'))
  try {
    writeFileSync(join(folder, name), bytes)
    return use(join(folder, name))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const isPersonal = (name: string, value: unknown): boolean => {
  const [group = '', tag = ''] = name.split(':')
  if (STRUCTURE.test(group) || CONTENT.includes(name) || NOTHING.includes(value as string)) return false
  if (/^(?:QuickTime|Track\d+)$/.test(group)) return PERSONAL.test(tag) && !/^Handler/.test(tag)
  return !/^(?:IFD0|SubIFD\d*|IFD\d)$/.test(group) || PERSONAL.test(tag)
}

/** The file with tags added, as `-GPSLatitude=52.5`. */
export const withTags = (bytes: Uint8Array, ...tags: string[]): Buffer =>
  asFile(bytes, (path) => {
    exiftool('-overwrite_original', '-q', '-m', ...tags, path)
    return readFileSync(path)
  })

/** A position, a device, a person and a day. */
export const PHONE_TAGS = [
  '-GPSLatitude=52.5166',
  '-GPSLatitudeRef=N',
  '-GPSLongitude=13.4',
  '-GPSLongitudeRef=E',
  '-Make=Telephone',
  '-Model=Mayfly 1',
  '-Artist=Anna Person',
  '-DateTimeOriginal=2026:11:23 10:00:00',
]
