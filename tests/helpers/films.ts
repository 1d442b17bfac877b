import { avc1, box, type Film, fullBox, mebx, quicktimeTags, type Track, userText, XMP_UUID } from './boxes.ts'

/** Films as phones and cameras make them. */

export const PICTURES = ['the first picture', 'the second one', 'the third and last']

const pictures: Track = { handler: 'vide', format: 'avc1', description: avc1, samples: PICTURES }

/** As an iPhone: tags with names, old user data, and positions beside the pictures. */
export const iphoneFilm = (options: Partial<Film> = {}): Film => ({
  brand: 'qt  ',
  tracks: [
    pictures,
    {
      handler: 'meta',
      format: 'mebx',
      description: mebx('com.apple.quicktime.location.ISO6709'),
      samples: ['secret place', 'secret place 2'],
    },
    {
      handler: 'meta',
      format: 'mebx',
      description: mebx('com.apple.quicktime.video-orientation'),
      samples: ['how it is turned'],
    },
  ],
  boxes: [
    quicktimeTags({
      'com.apple.quicktime.location.ISO6709': '+52.5166+013.4000+035/',
      'com.apple.quicktime.make': 'Telephone',
      'com.apple.quicktime.model': 'Mayfly 1',
      'com.apple.quicktime.creationdate': '2026-11-23T10:00:00+0100',
    }),
    box('udta', userText('\xa9xyz', '+52.5166+013.4000/'), userText('\xa9mod', 'Mayfly 1')),
  ],
  ...options,
})

const XMP =
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">secret</rdf:RDF></x:xmpmeta>'
const SPHERE = Buffer.from('ffcc8263f8554a938814587a02521fdd', 'hex')

/** As action cameras, drones and dashcams: what they measure in tracks, texts and boxes of their own; chapters, and a sphere. */
export const cameraFilm = (options: Partial<Film> = {}): Film => ({
  tracks: [
    { ...pictures, boxes: [box('uuid', SPHERE, '<GSpherical:Spherical>true</GSpherical:Spherical>')] },
    { handler: 'meta', format: 'gpmd', samples: ['secret speed', 'secret height', 'secret way'] },
    { handler: 'meta', format: 'djmd', samples: ['secret serial', 'Anna Person'] },
    { handler: 'text', format: 'tx3g', samples: ['GPS (13.4, 52.5, 17) secret'] },
    { handler: 'text', format: 'tx3g', samples: ['The first chapter'] },
  ],
  boxes: [
    box(
      'udta',
      fullBox('loci', '\x15\xc7secret\0', Buffer.alloc(14)),
      box('FIRM', 'secret'),
      box('CAME', 'Anna Person'),
      fullBox('chpl', '\0\0\0\0\x01', Buffer.alloc(8), '\x05Start'),
    ),
    box('uuid', XMP_UUID, XMP),
    box('gpsX', 'secret'),
  ],
  trailer: [box('uuid', XMP_UUID, XMP), box('free', 'GPS secret'), Buffer.from('a trailer that is no box: secret')],
  ...options,
})
