import { hash, randomBytes } from 'node:crypto'
import { blobSource, type SizedSource } from '../../client/src/source.ts'

/** What tests of the client share. */

export const MIB = 1024 * 1024

export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes)

export const randomFile = (size: number, name = 'file.bin'): File => new File([randomBytes(size)], name)

export const bytesOf = async (blob: Blob): Promise<Uint8Array> => new Uint8Array(await blob.arrayBuffer())

/** Bytes of a known length, as something to send. */
export const sourceOf = (blob: Blob): SizedSource => blobSource(blob)
