import './buffer-global.ts'
import { cleaned } from './cleaned.ts'

/** Cleans one file after the other, in a thread of its own: a large photo takes some tenths of a second. */
addEventListener('message', ({ data }: MessageEvent<Blob>) => {
  cleaned(data).then(postMessage, () => postMessage(undefined))
})
