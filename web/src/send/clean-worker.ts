import './buffer-global.ts'
import { cleaned } from './cleaned.ts'

/** Cleans files one after another in a worker: a large photo takes a few tenths of a second. */
addEventListener('message', ({ data }: MessageEvent<Blob>) => {
  cleaned(data).then(postMessage, () => postMessage(undefined))
})
