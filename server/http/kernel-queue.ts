import { readFile } from 'node:fs/promises'
import ipaddr from 'ipaddr.js'

/** The addresses of a TCP connection, taken while its socket was open. */
export type Connection = Record<'localPort' | 'remotePort', number | undefined> & { remoteAddress: string | undefined }

/** `gone`: the kernel knows of no such connection; `unknown`: not available, as on all systems but Linux. */
export type Acknowledgement = 'all' | 'not all' | 'gone' | 'unknown'

/**
 * Whether the other side has acknowledged the bytes sent to it. Node can't query the socket (SIOCOUTQ), so this reads
 * Linux's table of connections.
 */
export async function acknowledged({ localPort, remoteAddress, remotePort }: Connection): Promise<Acknowledgement> {
  if (localPort === undefined || remoteAddress === undefined || remotePort === undefined) return 'unknown'
  const table = await readFile(remoteAddress.includes(':') ? '/proc/net/tcp6' : '/proc/net/tcp', 'latin1').catch(
    () => '',
  )
  if (table === '') return 'unknown'
  const row = `:${hex(localPort, 4)} ${addressOf(remoteAddress)}:${hex(remotePort, 4)} `
  const at = table.indexOf(row)
  if (at === -1) return 'gone'
  const [, queue = ''] = table.slice(at + row.length).split(' ', 2) // state, sent:received
  return Number.parseInt(queue, 16) <= OWN_END ? 'all' : 'not all'
}

/** The FIN is acknowledged like a byte. */
const OWN_END = 1

/** The bytes of the address as words in the byte order of the machine. */
const addressOf = (address: string): string =>
  [...new Uint32Array(Uint8Array.from(ipaddr.parse(address).toByteArray()).buffer)].map((word) => hex(word, 8)).join('')

const hex = (number: number, digits: number): string => number.toString(16).toUpperCase().padStart(digits, '0')
