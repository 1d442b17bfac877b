import { Buffer } from 'buffer'

/** The server's code for pictures and videos expects it; browsers have none. */
globalThis.Buffer = Buffer as unknown as typeof globalThis.Buffer
