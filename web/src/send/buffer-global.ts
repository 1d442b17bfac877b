import { Buffer } from 'buffer'

/** The server's code for images and videos, which the page also runs, expects the global `Buffer`. */
globalThis.Buffer = Buffer as unknown as typeof globalThis.Buffer
