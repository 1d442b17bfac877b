import { unsupported } from '../metadata/unstrippable-error.ts'
import type { Box, BoxReader } from './box.ts'
import { blankBox, type Cleaning, emptyBox, isFree, isKeptUuid, LOOKED_AT_BYTES, zeroUnlessZero } from './cleaning.ts'
import { chunkRanges, type Range } from './sample-ranges.ts'

/** A track that holds texts: subtitles, chapters, or a drone's log of its flight. */
export interface TextTrack {
  /** Range of its first samples. */
  first: Range
  /** Removes the track, if its texts contain positions. */
  hide: () => void
}

export interface Movie {
  /** The ids of removed tracks, which fragments refer to. */
  hidden: Set<number>
  /** Size of a track's samples if fragments do not contain it. */
  sampleSizes: Map<number, number>
  texts: TextTrack[]
  /** Ranges of the samples of each kept track, except those in fragments. */
  samples: Set<() => Iterable<Range>>
}

export const emptyMovie = (): Movie => ({ hidden: new Set(), sampleSizes: new Map(), texts: [], samples: new Set() })

/** ISO 14496-12 §8.2 to §8.8 and the QuickTime File Format: how and when tracks are played. Any other box is removed. */
const KEPT_IN_MOVIE = new Set(['mvhd', 'trak', 'mvex', 'iods', 'pssh', 'rmra', 'ctab', 'clip', 'trgr', 'meco', 'ainf'])
const KEPT_IN_TRACK = new Set(
  'tkhd tref trgr edts mdia load matt clip crgn kmat imap txas tapt ttyp mere msrc'.split(' '),
)
const KEPT_IN_MEDIA = new Set(['mdhd', 'hdlr', 'minf', 'elng'])
/** Chapters, the name, language and kind of a track, how loud and how to play it. */
const KEPT_USER_DATA = new Set('chpl name kind tagc tsel strk ludt hnti hinf hinv LOOP AllF SelO'.split(' '))
/** Images, sound, texts and what belongs to them. Any other track holds measurements of the camera. */
const KEPT_HANDLERS = new Set(
  'vide soun auxv pict text sbtl subt subp clcp tmcd hint odsm sdsm crsm ocsm musi sprt twen qd3d strm MPEG jpeg'.split(
    ' ',
  ),
)
const TEXT_HANDLERS = new Set(['text', 'sbtl', 'subt'])
/** The orientation over time, and what a Live Photo needs. */
const KEPT_KEYS =
  /^com\.apple\.quicktime\.(?:video-orientation|still-image-time|still-image-transform.*|live-photo-info)$/

/** Removes personal data from a film's index (`moov`). Throws `UnstrippableError` if it can't be interpreted. */
export function cleanMovie(boxes: BoxReader, cleaning: Cleaning): Movie {
  const movie = emptyMovie()
  for (const root of boxes.children(0, boxes.bytes.length)) {
    for (const [track, size] of sampleDefaults(boxes, root)) movie.sampleSizes.set(track, size)
    for (const box of boxes.childrenOf(root)) {
      if (box.type === 'mvhd') clearTimes(boxes, box, cleaning)
      else if (box.type === 'trak') cleanTrack(boxes, box, { cleaning, movie })
      else if (box.type === 'cmov') throw unsupported('its index is compressed')
      else if (box.type === 'gps ') hideGpsBlocks(boxes, box, cleaning)
      else cleanBox(boxes, box, KEPT_IN_MOVIE, cleaning)
    }
  }
  return movie
}

/** Removes a box, unless its type is in `kept` or it is needed wherever it occurs. */
export function cleanBox(boxes: BoxReader, box: Box, kept: ReadonlySet<string>, cleaning: Cleaning): void {
  if (kept.has(box.type)) return
  if (isFree(box.type)) emptyBox(boxes, box, cleaning)
  else if (box.type === 'udta') cleanUserData(boxes, box, cleaning)
  else if (box.type !== 'uuid' || !isKeptUuid(boxes.bytes.subarray(box.content))) blankBox(boxes, box, cleaning)
}

function cleanUserData(boxes: BoxReader, userData: Box, cleaning: Cleaning): void {
  const inner = boxes.childrenOf(userData)
  for (const box of inner) {
    if (isFree(box.type)) emptyBox(boxes, box, cleaning)
    else if (!KEPT_USER_DATA.has(box.type)) blankBox(boxes, box, cleaning)
  }
  zeroUnlessZero(boxes.bytes, boxes.base, inner.at(-1)?.end ?? userData.content, userData.end, cleaning.edits)
}

interface Context {
  cleaning: Cleaning
  movie: Movie
}

function cleanTrack(boxes: BoxReader, track: Box, context: Context): void {
  const { cleaning, movie } = context
  const handler = handlerOf(boxes, track)
  const table = boxes.find(track, 'mdia', 'minf', 'stbl')
  if (handler === undefined || !table) {
    blankBox(boxes, track, cleaning)
    return
  }
  const samples = () => rangesOf(boxes, track, table)
  const hide = () => {
    movie.samples.delete(samples)
    hideTrack(boxes, track, table, context)
  }
  if (!KEPT_HANDLERS.has(handler) && !isNeededMetadata(boxes, table)) {
    hide()
    return
  }
  movie.samples.add(samples)
  const [first] = TEXT_HANDLERS.has(handler) ? samples() : []
  if (first) movie.texts.push({ first, hide })
  for (const box of boxes.childrenOf(track)) {
    if (box.type === 'tkhd') clearTimes(boxes, box, cleaning)
    else if (box.type === 'mdia') cleanMedia(boxes, box, cleaning)
    else cleanBox(boxes, box, KEPT_IN_TRACK, cleaning)
  }
  if (handler === 'vide') clearEncoderNames(boxes, table, cleaning)
}

function cleanMedia(boxes: BoxReader, media: Box, cleaning: Cleaning): void {
  for (const box of boxes.childrenOf(media)) {
    if (box.type === 'mdhd') clearTimes(boxes, box, cleaning)
    else if (box.type === 'hdlr') zeroUnlessZero(boxes.bytes, boxes.base, box.content + 24, box.end, cleaning.names)
    else cleanBox(boxes, box, KEPT_IN_MEDIA, cleaning)
  }
}

/** §8.4.3: four letters behind a version and four more bytes. */
function handlerOf(boxes: BoxReader, track: Box): string | undefined {
  const handler = boxes.find(track, 'mdia', 'hdlr')
  return handler && boxes.text(handler, 8, 4)
}

/**
 * Clears the dates of creation and modification: two numbers of four bytes, or of eight in version 1 (§8.2.2, §8.3.2,
 * §8.4.2).
 */
function clearTimes({ bytes, base, number }: BoxReader, box: Box, { edits, found }: Cleaning): void {
  const length = number(box, 0, 1) === 1 ? 16 : 8
  const [start, end] = [box.content + 4, Math.min(box.end, box.content + 4 + length)]
  if (!bytes.subarray(start, end).some((byte) => byte !== 0)) return
  found.add('date')
  edits.zero(base + start, base + end)
}

/** §12.1.3: the 32 bytes in a description of images that name their encoder, and QuickTime's four that name its vendor. */
function clearEncoderNames(boxes: BoxReader, table: Box, { names }: Cleaning): void {
  const descriptions = boxes.find(table, 'stsd')
  for (const { start, end } of descriptions ? boxes.childrenOf(descriptions, 8) : []) {
    if (end < start + 82) continue
    zeroUnlessZero(boxes.bytes, boxes.base, start + 20, start + 24, names)
    zeroUnlessZero(boxes.bytes, boxes.base, start + 50, start + 82, names)
  }
}

function hideTrack(boxes: BoxReader, track: Box, table: Box, { cleaning, movie }: Context): void {
  const { edits, found } = cleaning
  found.add('telemetry')
  if (tellsPlace(boxes, table)) found.add('gps')
  for (const { start, end } of rangesOf(boxes, track, table)) edits.zero(start, end)
  edits.write(boxes.base + track.start + 4, Buffer.from('free', 'latin1'))
  edits.zero(boxes.base + track.content, boxes.base + track.end)
  const header = boxes.find(track, 'tkhd')
  const number = header && boxes.number(header, boxes.number(header, 0, 1) === 1 ? 20 : 12, 4)
  if (number !== undefined) movie.hidden.add(number)
}

/** None when its samples are in another file (§8.7.2), or come in fragments only. */
function* rangesOf(boxes: BoxReader, track: Box, table: Box): Generator<Range> {
  const references = boxes.find(track, 'mdia', 'minf', 'dinf', 'dref')
  const [first] = references ? boxes.childrenOf(references, 8) : []
  const isHere = !first || (boxes.number(first, 3, 1) & 1) === 1
  if (isHere) yield* chunkRanges(boxes, table)
}

const formatsOf = (boxes: BoxReader, table: Box): Box[] => {
  const descriptions = boxes.find(table, 'stsd')
  return descriptions ? boxes.childrenOf(descriptions, 8) : []
}

/** Whether Apple's timed metadata (`mebx`) holds only keys that a player needs. */
function isNeededMetadata(boxes: BoxReader, table: Box): boolean {
  const formats = formatsOf(boxes, table)
  return formats.length > 0 && formats.every((format) => format.type === 'mebx' && hasKeptKeysOnly(boxes, format))
}

function hasKeptKeysOnly(boxes: BoxReader, format: Box): boolean {
  const keys = keysOf(boxes, format)
  return keys.length > 0 && keys.every((key) => KEPT_KEYS.test(key))
}

/** QuickTime File Format, timed metadata: each key is a box that holds its name behind a name space. */
function keysOf(boxes: BoxReader, format: Box): string[] {
  const list = boxes.childrenOf(format, 8).find(({ type }) => type === 'keys')
  const declarations = (list ? boxes.childrenOf(list) : []).map((key) => boxes.find(key, 'keyd'))
  return declarations.flatMap((declaration) => (declaration ? [boxes.text(declaration, 4)] : []))
}

/** Known formats of GoPro, Google, Sony and DJI hold positions; others by the words in their description. */
function tellsPlace(boxes: BoxReader, table: Box): boolean {
  return formatsOf(boxes, table).some(
    (format) =>
      ['gpmd', 'camm', 'rtmd', 'djmd', 'dbgi'].includes(format.type) ||
      /location|gps|latitude/i.test(boxes.text(format, 0, LOOKED_AT_BYTES)),
  )
}

/** The index of a dashcam's GPS blocks: pairs of position and length, behind eight bytes. */
function hideGpsBlocks(boxes: BoxReader, box: Box, cleaning: Cleaning): void {
  const { number } = boxes
  for (let at = 8; box.content + at + 8 <= box.end; at += 8) {
    const start = number(box, at, 4)
    cleaning.edits.zero(start, start + number(box, at + 4, 4))
  }
  cleaning.found.add('gps')
  blankBox(boxes, box, cleaning)
}

/** §8.8.3. */
function sampleDefaults(boxes: BoxReader, root: Box): Map<number, number> {
  const extension = boxes.find(root, 'mvex')
  const defaults = (extension ? boxes.childrenOf(extension) : []).filter(({ type }) => type === 'trex')
  return new Map(defaults.map((box) => [boxes.number(box, 4, 4), boxes.number(box, 16, 4)]))
}
