import { AppError } from '../lib/errors.ts'
import type { StoredFile } from '../uploads/upload.ts'
import type { Derivation, DerivedFormat } from './pipeline/derive.ts'

/** What may be asked of a derived image, and how it is written. Pure. */

const FORMATS = ['jpeg', 'png', 'webp', 'avif'] as const
const FITS = ['inside', 'outside', 'cover', 'contain', 'fill'] as const
/** What a stranger may choose: whoever could ask for any would make the server compute and keep images for ever. */
const SIZES = [64, 128, 256, 512, 1024, 2048]
const COLOURS = new Map([
  ['white', '#ffffff'],
  ['black', '#000000'],
])
const MAX_SIZE = 4096

const COLOUR_NAMES = [...COLOURS.keys()].join(', ')

const PARAMETERS = ['format', 'width', 'height', 'fit', 'background'] as const

type Query = Record<string, string | string[] | undefined>

/** The wish in a query; undefined: there is none. Throws `bad_request` naming what is allowed. */
export function readDerivation(query: Query): Derivation | undefined {
  if (PARAMETERS.every((name) => query[name] === undefined)) return undefined
  const [format, width, height, fit, background] = PARAMETERS.map((name) => query[name])
  return {
    format: oneOf('format', format, FORMATS),
    width: size('width', width),
    height: size('height', height),
    fit: oneOf('fit', fit, FITS),
    background: colour(background),
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

/** Without its `#` as well, which a URL has to encode. */
function colour(value: Query[string]): string | undefined {
  if (value === undefined) return undefined
  const text = String(value).toLowerCase()
  const [, hex] = /^#?([0-9a-f]{6})$/.exec(text) ?? []
  const known = hex === undefined ? COLOURS.get(text) : `#${hex}`
  if (known === undefined) throw new AppError('picture_colour_invalid', { name: 'background', names: COLOUR_NAMES })
  return known
}

/** Throws `bad_request` for what only the upload's admin may choose. */
export function assertModest({ width, height, background }: Derivation): void {
  for (const [name, pixels] of Object.entries({ width, height })) {
    if (pixels !== undefined && !SIZES.includes(pixels))
      throw new AppError('picture_choice_not_allowed', { name, names: SIZES.join(', ') })
  }
  if (background !== undefined && ![...COLOURS.values()].includes(background))
    throw new AppError('picture_choice_not_allowed', { name: 'background', names: COLOUR_NAMES })
}

/** The same wish as one that is written out: what makes no difference is left out, so that it is not computed twice. */
export function completed(wish: Derivation, ownFormat: DerivedFormat): Derivation & { format: DerivedFormat } {
  const { format = ownFormat, width, height, fit, background } = wish
  const isBox = width !== undefined && height !== undefined
  return { format, width, height, fit: isBox ? (fit ?? 'inside') : undefined, background }
}

/** What a derived image is kept under: `webp 256x- - -`. */
export const specOf = ({ format, width, height, fit, background }: Derivation & { format: DerivedFormat }): string =>
  `${format} ${width ?? '-'}x${height ?? '-'} ${fit ?? '-'} ${background ?? '-'}`

const OWN_FORMATS = new Map<string, DerivedFormat>([
  ['jpeg', 'jpeg'],
  ['png', 'png'],
  ['webp', 'webp'],
  ['avif', 'avif'],
  ['gif', 'webp'],
  ['tiff', 'webp'],
])

/** The format that a file's derived images have when none is asked for; undefined: it is no image. */
export const derivedFormatOf = ({ image, type }: Pick<StoredFile, 'image' | 'type'>): DerivedFormat | undefined =>
  OWN_FORMATS.get(image?.format ?? type.replace(/^image\//, ''))

const EXTENSIONS = new Map([
  ['image/jpeg', ['jpg', 'jpeg']],
  ['image/png', ['png']],
  ['image/webp', ['webp']],
  ['image/avif', ['avif']],
  ['image/gif', ['gif']],
  ['image/tiff', ['tif', 'tiff']],
])

/** `logo.png` is called `logo.jpg` as a JPEG. */
export function derivedName(name: string, type: string): string {
  const [, stem = name, extension = ''] = /^(.+)\.([^.]*)$/.exec(name) ?? []
  const fitting = EXTENSIONS.get(type) ?? []
  if (fitting.includes(extension.toLowerCase())) return name
  const isOfImage = [...EXTENSIONS.values()].flat().includes(extension.toLowerCase())
  return `${isOfImage ? stem : name}.${fitting[0]}`
}
