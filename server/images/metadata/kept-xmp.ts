/** Rewrites the few XMP values that an image needs to be displayed correctly: numbers and words from a fixed list only. */

const HEADER = 'http://ns.adobe.com/xap/1.0/\0'
const PANORAMA = 'http://ns.google.com/photos/1.0/panorama/'
const GAIN_MAP = 'http://ns.adobe.com/hdr-gain-map/1.0/'
/** The name of the tool distinguishes this XMP from that of other programs. */
const PACKET_START =
  '<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Mayfly"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
const CONTAINER = 'http://ns.google.com/photos/1.0/container/'
const PACKET_END = '</rdf:Description></rdf:RDF></x:xmpmeta>'

/** The projection of a panorama (Google's Photo Sphere XMP), without its compass direction. */
const PANORAMA_NAMES =
  'UsePanoramaViewer ProjectionType CroppedAreaImageWidthPixels CroppedAreaImageHeightPixels FullPanoWidthPixels FullPanoHeightPixels CroppedAreaLeftPixels CroppedAreaTopPixels PosePitchDegrees PoseRollDegrees InitialViewHeadingDegrees InitialViewPitchDegrees InitialViewRollDegrees InitialHorizontalFOVDegrees'
/** How a gain map makes an image brighter (Adobe's Gain Map specification 1.0). */
const GAIN_MAP_NAMES =
  'Version BaseRenditionIsHDR GainMapMin GainMapMax Gamma OffsetSDR OffsetHDR HDRCapacityMin HDRCapacityMax'

const VALUE = /^(?:[+-]?\d[\d.eE+-]{0,30}|True|False|true|false|equirectangular|cylindrical)$/

/** Whether these functions wrote `xmp`. */
export const isKeptXmp = (xmp: Buffer): boolean => xmp.toString('latin1').startsWith(PACKET_START)

/** Like `isKeptXmp`, for a JPEG segment. */
export const isOurXmp = (segment: Buffer): boolean => isKeptXmp(segment.subarray(HEADER.length))

/** The projection from the XMP of a JPEG segment; undefined if there is none. */
export function panoramaXmp(xmp: Buffer): Buffer | undefined {
  const properties = propertiesOf(xmp.toString('latin1'), 'GPano', PANORAMA_NAMES.split(' '))
  return properties.length === 0 ? undefined : packet({ GPano: PANORAMA }, properties)
}

/** Whether an image announces a gain map, or a gain map its parameters. */
export const tellsGainMap = (xmp: Buffer): boolean => xmp.includes(GAIN_MAP)

/** A gain map's XMP; undefined if `xmp` does not describe a gain map. */
export function gainMapXmp(xmp: Buffer): Buffer | undefined {
  const properties = propertiesOf(xmp.toString('latin1'), 'hdrgm', GAIN_MAP_NAMES.split(' '))
  return properties.some(({ name }) => name === 'hdrgm:GainMapMax')
    ? packet({ hdrgm: GAIN_MAP }, properties)
    : undefined
}

/** The XMP of an image that is followed by a gain map (Android's Ultra HDR Image Format 1.1). */
export function containerXmp(gainMapBytes: number): Buffer {
  const item = (semantic: string, length: string) =>
    `<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="${semantic}" Item:Mime="image/jpeg"${length}/></rdf:li>`
  const items = item('Primary', '') + item('GainMap', ` Item:Length="${gainMapBytes}"`)
  const directory = `<Container:Directory><rdf:Seq>${items}</rdf:Seq></Container:Directory>`
  return packet(
    { hdrgm: GAIN_MAP, Container: CONTAINER, Item: `${CONTAINER}item/` },
    [{ name: 'hdrgm:Version', values: ['1.0'] }],
    directory,
  )
}

/** A property with one value, or one for each colour. */
interface Property {
  name: string
  values: string[]
}

/** Single values become attributes, the only form that some readers support. */
function packet(namespaces: Record<string, string>, properties: Property[], more = ''): Buffer {
  const attributes = [
    ...Object.entries(namespaces).map(([prefix, uri]) => `xmlns:${prefix}="${uri}"`),
    ...properties.filter(({ values }) => values.length === 1).map(({ name, values }) => `${name}="${values[0]}"`),
  ]
  const lists = properties.filter(({ values }) => values.length > 1).map(list)
  const description = `<rdf:Description rdf:about="" ${attributes.join(' ')}>${lists.join('')}${more}`
  return Buffer.from(HEADER + PACKET_START + description + PACKET_END)
}

const list = ({ name, values }: Property): string =>
  `<${name}><rdf:Seq>${values.map((value) => `<rdf:li>${value}</rdf:li>`).join('')}</rdf:Seq></${name}>`

/** Properties may be attributes or elements. Values other than numbers and known words are left out. */
const propertiesOf = (xmp: string, prefix: string, names: string[]): Property[] =>
  names
    .map((name) => ({ name: `${prefix}:${name}`, values: valuesOf(xmp, `${prefix}:${name}`) }))
    .filter(({ values }) => values.length >= 1 && values.length <= 3 && values.every((value) => VALUE.test(value)))

function valuesOf(xmp: string, name: string): string[] {
  const [, attribute] = new RegExp(`\\s${name}\\s*=\\s*["']([^"'<>]{1,40})["']`).exec(xmp) ?? []
  if (attribute !== undefined) return [attribute.trim()]
  const [, element = ''] = new RegExp(`<${name}>([^]{1,400}?)</${name}>`).exec(xmp) ?? []
  const values = [...element.matchAll(/<rdf:li>([^<>]{1,40})<\/rdf:li>/g)].map(([, value = '']) => value.trim())
  return values.length > 0 ? values : [element.trim()]
}
