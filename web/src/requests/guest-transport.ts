import type { Transport } from '../sending/transport.ts'
import { tusTransport } from '../sending/tus-transport.ts'

/** As any upload; the request link gives the right to it, and says where the files go. */
export const guestTransport = (token: string): Transport =>
  tusTransport({ headers: { 'X-RequestToken': token }, onUrl: () => {} })
