import { readFile } from 'node:fs/promises'
import ipaddr from 'ipaddr.js'

/** A TCP connection as it was while its socket was open. */
export type Connection = Record<'localPort' | 'remotePort', number | undefined> & { remoteAddress: string | undefined }

/** `gone`: the kernel knows of no such connection; `unknown`: it does not say, as anywhere but on Linux. */
export type Acknowledgement = 'all' | 'not all' | 'gone' | 'unknown'

/** What the other side has acknowledged of the bytes sent to it. Node can't ask the socket (SIOCOUTQ), so this reads Linux's table of connections. */
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

/** The end of the stream is acknowledged like a byte. */
const OWN_END = 1

/** The bytes of the address as words of the machine. */
const addressOf = (address: string): string =>
  [...new Uint32Array(Uint8Array.from(ipaddr.parse(address).toByteArray()).buffer)].map((word) => hex(word, 8)).join('')

const hex = (number: number, digits: number): string => number.toString(16).toUpperCase().padStart(digits, '0')
