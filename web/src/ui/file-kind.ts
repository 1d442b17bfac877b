import type { IconName } from './icon.tsx'

/** The kind of a file, by its MIME type, or by its name if the type is generic. Pure. */
export type FileKind = 'image' | 'video' | 'audio' | 'text' | 'pdf' | 'archive' | 'file'

const BY_EXTENSION: [FileKind, RegExp][] = [
  ['image', /^(?:jpe?g|png|gif|webp|avif|bmp|ico|hei[cf]|tiff?|svg)$/],
  ['video', /^(?:mp4|m4v|3gp|webm|mov|mkv|ogv|avi)$/],
  ['audio', /^(?:mp3|m4a|ogg|oga|opus|wav|flac|aac)$/],
  [
    'text',
    /^(?:txt|md|log|csv|tsv|json|ya?ml|toml|ini|conf|xml|html?|css|jsx?|tsx?|py|rb|go|rs|c|h|cpp|java|kt|sh|sql|diff|patch)$/,
  ],
  ['pdf', /^pdf$/],
  ['archive', /^(?:zip|tar|gz|tgz|bz2|xz|zst|7z|rar|iso|dmg|deb|rpm)$/],
]

export function kindOf({ name, type }: { name: string; type: string }): FileKind {
  const extension = /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''
  const [kind] = BY_EXTENSION.find(([, extensions]) => extensions.test(extension)) ?? []
  if (/^image\//.test(type)) return 'image'
  if (/^video\//.test(type)) return 'video'
  if (/^audio\//.test(type)) return 'audio'
  if (/^application\/pdf\b/.test(type)) return 'pdf'
  if (/^text\//.test(type)) return 'text'
  return kind ?? 'file'
}

export const KIND_ICONS: Record<FileKind, IconName> = {
  image: 'image',
  video: 'video',
  audio: 'audio',
  text: 'text',
  pdf: 'text',
  archive: 'archive',
  file: 'file',
}
