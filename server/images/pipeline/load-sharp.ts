import type { default as Sharp } from 'sharp'

export type SharpModule = typeof Sharp

let loaded: Promise<SharpModule> | undefined

/** Sharp, when the first image needs it: importing it costs a start about 40 ms and 20 MiB. */
export function loadSharp(): Promise<SharpModule> {
  loaded ??= import('sharp').then(({ default: sharp }) => configure(sharp))
  return loaded
}

/** Libvips asks every loader whether it knows a file, so those of SVG and the like are off rather than just not asked for. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff']

/** Its settings are those of the process. */
function configure(sharp: SharpModule): SharpModule {
  // One image, one thread: images run beside each other instead, and none takes all processors from the requests.
  sharp.concurrency(1)
  // The cache is for the same image worked on twice, and keeps files open.
  sharp.cache(false)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({
    operation: LOADERS.flatMap((name) => [`VipsForeignLoad${name}File`, `VipsForeignLoad${name}Buffer`]),
  })
  return sharp
}
