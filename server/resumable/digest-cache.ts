import { LRUCache } from 'lru-cache'
import type { Config } from '../config/config.ts'
import { createMeter, type Meter } from '../uploads/intake/file-intake.ts'
import type { ResumableUpload } from './resumable-upload.ts'

/** A meter holds the state of three digests and up to 256 KiB that wait for the slowest one. */
const MAX_METERS = 200

export type DigestCache = ReturnType<typeof createDigestCache>

/**
 * Keeps the digests of received bytes between two requests for the same file. Node can't serialise the state of a hash,
 * so it is lost with the process and not available to other replicas: then the bytes are read again at the end.
 */
export function createDigestCache({ md5 }: Pick<Config, 'md5'>) {
  const idle = new LRUCache<string, Meter>({
    max: MAX_METERS,
    dispose: (meter, _id, why) => why !== 'delete' && meter.drop(),
  })

  /** Returns the meter that has read exactly the received bytes, if there is one. */
  function take({ id, offset }: ResumableUpload): Meter | undefined {
    const meter = idle.get(id)
    idle.delete(id)
    if (meter?.size() === offset) return meter
    meter?.drop()
    return offset === 0 ? createMeter(Number.POSITIVE_INFINITY, md5 === 'always') : undefined
  }

  /** Keeps the meter for the next request, unless it has read bytes that were not kept. */
  function give({ id, offset }: ResumableUpload, meter: Meter | undefined): void {
    if (meter?.size() === offset) idle.set(id, meter)
    else meter?.drop()
  }

  return { take, give, close: () => idle.clear() }
}
