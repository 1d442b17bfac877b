/** Drawn for a grid of 24, with strokes of the text's colour. */
const PATHS = {
  file: 'M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zm0 0v5h5',
  text: 'M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zm0 0v5h5M9 13h6m-6 4h4',
  image:
    'M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zm-1 12 4.5-4.5L14 17m-2-2 3-3 5 5M15.5 8.5h.01',
  video: 'M4 6h11a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zm12 5 5-3v8l-5-3',
  audio: 'M9 18V6l10-2v12M9 18a3 2.5 0 1 1-3-2.5A3 2.5 0 0 1 9 18zm10-2a3 2.5 0 1 1-3-2.5 3 2.5 0 0 1 3 2.5z',
  archive: 'M4 5h16v4H4zm1 4v10h14V9m-9 4h4',
  folder: 'M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z',
  lock: 'M6 11h12v9H6zm2 0V8a4 4 0 0 1 8 0v3',
  key: 'M10.8 13.2 20 4m-4 4 3 3m-5.5-.5 2 2M12 16a4 4 0 1 1-8 0 4 4 0 0 1 8 0z',
  link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.6-5.6L12 7.3M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.6 5.6l1.4-1.4',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  check: 'm5 13 4.5 4.5L19 7',
  close: 'm6 6 12 12M18 6 6 18',
  pause: 'M8 5v14m8-14v14',
  play: 'm8 5 11 7-11 7z',
  again: 'M4 12a8 8 0 1 1 2.5 5.8M4 19v-4.5h4.5',
  trash: 'M4 7h16m-6-3h-4L9 7m-3 0 1 13h10l1-13m-8 4v6m4-6v6',
  download: 'M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4 20h16',
  upload: 'M12 20V8m0 0 4.5 4.5M12 8l-4.5 4.5M4 4h16',
  share: 'M12 15V3m0 0L8 7m4-4 4 4M6 11H5v9h14v-9h-1',
  clock: 'M12 7v5l3 2m6-2a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0z',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  list: 'M4 6h16M4 12h16M4 18h16',
  grid: 'M4 4h6v6H4zm10 0h6v6h-6zM4 14h6v6H4zm10 0h6v6h-6z',
  options:
    'M4 8h9m5 0h2M4 16h2m5 0h9M17.5 8a2.25 2.25 0 1 1-4.5 0 2.25 2.25 0 0 1 4.5 0zM11 16a2.25 2.25 0 1 1-4.5 0 2.25 2.25 0 0 1 4.5 0z',
  once: 'M12 3a9 9 0 1 1-9 9m8-3 2-1v8',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-8 8a8 8 0 0 1 16 0',
  terminal: 'm5 7 5 5-5 5m7 0h7',
  shield: 'M12 3 5 6v5c0 4.5 3 8 7 10 4-2 7-5.5 7-10V6z',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm0-5v1.5m0 15V21m9-9h-1.5M4.5 12H3m15.4-6.4-1.1 1.1M6.7 17.3l-1.1 1.1m0-12.8 1.1 1.1m10.6 10.6 1.1 1.1',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z',
  device: 'M4 5h16v11H4zm5 15h6m-3-4v4',
  qr: 'M4 4h6v6H4zm10 0h6v6h-6zM4 14h6v6H4zm10 0h2v2h-2zm4 0h2m-6 6h2m2-2h2v2',
  chevron: 'm7 10 5 5 5-5',
  up: 'M12 19V6m0 0-5 5m5-5 5 5',
  leave: 'M14 4H6v16h8m-4-8h11m0 0-4-4m4 4-4 4',
} as const

export type IconName = keyof typeof PATHS

/** Decorative: the text beside it, or the label of the button, has its meaning. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
