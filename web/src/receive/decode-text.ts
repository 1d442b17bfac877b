/** Detects the encoding of text files. Pure. */

const isLittleEndian = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xfe
const isBigEndian = (bytes: Uint8Array): boolean => bytes[0] === 0xfe && bytes[1] === 0xff

/**
 * UTF-16 is detected by its byte order mark; text that is not valid UTF-8 is most often Chinese (GB 18030, which includes GBK),
 * else Western. `isWhole`: if false, the last character may be cut off.
 */
export function decodeText(bytes: Uint8Array, isWhole: boolean): string {
  if (isLittleEndian(bytes)) return new TextDecoder('utf-16le').decode(bytes)
  if (isBigEndian(bytes)) return new TextDecoder('utf-16be').decode(bytes)
  for (const encoding of ['utf-8', 'gb18030']) {
    try {
      return new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: !isWhole })
    } catch {
      // try the next encoding
    }
  }
  return new TextDecoder('windows-1252').decode(bytes)
}
