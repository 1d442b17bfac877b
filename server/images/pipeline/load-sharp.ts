import type { default as Sharp } from 'sharp'

export type SharpModule = typeof Sharp

let loaded: Promise<SharpModule> | undefined

/** Loads sharp for the first image: importing it would add about 40 ms and 20 MiB to a start. */
export function loadSharp(): Promise<SharpModule> {
  loaded ??= import('sharp').then(({ default: sharp }) => configure(sharp))
  return loaded
}

/** Libvips tries every enabled loader for a file, so those of SVG and other formats are disabled. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff']

/** These settings apply to the whole process. */
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
