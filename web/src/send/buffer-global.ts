import { Buffer } from 'buffer'

/** The server's code for images and videos expects it; browsers have none. */
globalThis.Buffer = Buffer as unknown as typeof globalThis.Buffer
