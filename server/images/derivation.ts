import { AppError } from '../lib/errors.ts'
import type { StoredFile } from '../uploads/upload.ts'
import type { Derivation, DerivedFormat } from './pipeline/derive.ts'

/** Parameters of derived images: parsing, limits, and the key under which they are stored. Pure. */

const FORMATS = ['jpeg', 'png', 'webp', 'avif'] as const
const FITS = ['inside', 'outside', 'cover', 'contain', 'fill'] as const
/**
 * Sizes that anyone may request. With arbitrary sizes, clients could make the server compute and store images without
 * limit.
 */
const SIZES = [64, 128, 256, 512, 1024, 2048]
const COLOURS = new Map([
  ['white', '#ffffff'],
  ['black', '#000000'],
])
const MAX_SIZE = 4096

const COLOUR_NAMES = [...COLOURS.keys()].join(', ')

const SWITCH = ['true', 'false'] as const

const PARAMETERS = ['format', 'width', 'height', 'fit', 'background', 'still'] as const

type Query = Record<string, string | string[] | undefined>

/** Parses the requested derivation from a query; undefined if there is none. Throws `bad_request` naming the allowed values. */
export function readDerivation(query: Query): Derivation | undefined {
  if (PARAMETERS.every((name) => query[name] === undefined)) return undefined
  const [format, width, height, fit, background, still] = PARAMETERS.map((name) => query[name])
  return {
    format: oneOf('format', format, FORMATS),
    width: size('width', width),
    height: size('height', height),
    fit: oneOf('fit', fit, FITS),
    background: colour(background),
    still: oneOf('still', still, SWITCH) === 'true',
  }
}

function oneOf<T extends string>(name: string, value: Query[string], allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  const known = allowed.find((one) => one === value)
  if (known === undefined) throw new AppError('picture_choice_invalid', { name, names: allowed.join(', ') })
  return known
}

function size(name: string, value: Query[string]): number | undefined {
  if (value === undefined) return undefined
  const pixels = typeof value === 'string' && /^[1-9]\d{0,3}$/.test(value) ? Number(value) : Number.NaN
  if (!(pixels <= MAX_SIZE)) throw new AppError('picture_pixels_invalid', { name, max: MAX_SIZE })
  return pixels
}

/** A colour may lack its `#`, which a URL has to encode. */
function colour(value: Query[string]): string | undefined {
  if (value === undefined) return undefined
  const text = String(value).toLowerCase()
  const [, hex] = /^#?([0-9a-f]{6})$/.exec(text) ?? []
  const known = hex === undefined ? COLOURS.get(text) : `#${hex}`
  if (known === undefined) throw new AppError('picture_colour_invalid', { name: 'background', names: COLOUR_NAMES })
  return known
}

/** Throws `bad_request` for values that only the upload's administrator may request. */
export function assertModest({ width, height, background }: Derivation): void {
  for (const [name, pixels] of Object.entries({ width, height })) {
    if (pixels !== undefined && !SIZES.includes(pixels))
      throw new AppError('picture_choice_not_allowed', { name, names: SIZES.join(', ') })
  }
  if (background !== undefined && ![...COLOURS.values()].includes(background))
    throw new AppError('picture_choice_not_allowed', { name: 'background', names: COLOUR_NAMES })
}

/** A derivation with all its options. */
export type Completed = Derivation & { format: DerivedFormat; still: boolean }

/**
 * Completes a derivation: adds the format and drops options that make no difference, so that equal images are not
 * computed twice. Returns undefined if the file is not an image.
 */
export function completed(derivation: Derivation, file: Pick<StoredFile, 'image' | 'type'>): Completed | undefined {
  const stored = formatOf(file)
  const ownFormat = OWN_FORMATS.get(stored)
  if (!ownFormat) return undefined
  const { format = ownFormat, width, height, fit, background, still = false } = derivation
  const isBox = width !== undefined && height !== undefined
  const wouldMove = format === 'webp' && (stored === 'gif' || stored === 'webp')
  return { format, width, height, fit: isBox ? (fit ?? 'inside') : undefined, background, still: still && wouldMove }
}

/** The key of a derived image: `webp 256x- - -`. */
export const specOf = ({ format, width, height, fit, background, still }: Completed): string =>
  `${format} ${width ?? '-'}x${height ?? '-'} ${fit ?? '-'} ${background ?? '-'}${still ? ' still' : ''}`

/** The format that a file's derived images have when none is asked for. */
const OWN_FORMATS = new Map<string, DerivedFormat>([
  ['jpeg', 'jpeg'],
  ['png', 'png'],
  ['webp', 'webp'],
  ['avif', 'avif'],
  ['gif', 'webp'],
  ['tiff', 'webp'],
  ['heic', 'webp'],
])

const formatOf = ({ image, type }: Pick<StoredFile, 'image' | 'type'>): string =>
  image?.format ?? type.replace(/^image\//, '')

const EXTENSIONS = new Map([
  ['image/jpeg', ['jpg', 'jpeg']],
  ['image/png', ['png']],
  ['image/webp', ['webp']],
  ['image/avif', ['avif']],
  ['image/gif', ['gif']],
  ['image/tiff', ['tif', 'tiff']],
  ['image/heic', ['heic', 'heif']],
])

/** Returns `logo.jpg` for `logo.png` as a JPEG. */
export function derivedName(name: string, type: string): string {
  const [, stem = name, extension = ''] = /^(.+)\.([^.]*)$/.exec(name) ?? []
  const fitting = EXTENSIONS.get(type) ?? []
  if (fitting.includes(extension.toLowerCase())) return name
  const isOfImage = [...EXTENSIONS.values()].flat().includes(extension.toLowerCase())
  return `${isOfImage ? stem : name}.${fitting[0]}`
}
