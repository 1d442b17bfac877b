import { LRUCache } from 'lru-cache'
import { createMeter, type Meter } from '../uploads/intake/file-intake.ts'
import type { Resumable } from './resumable.ts'

/** A meter holds the state of three digests and up to 256 KiB that wait for the slowest. */
const MAX_METERS = 200

export type Meters = ReturnType<typeof createMeters>

/**
 * The digests of the received bytes, between two requests for the same file. Node can't write down the state of a hash, so it is lost with
 * the process, and another replica does not have it: then the bytes are read again in the end.
 */
export function createMeters() {
  const idle = new LRUCache<string, Meter>({
    max: MAX_METERS,
    dispose: (meter, _id, why) => why !== 'delete' && meter.drop(),
  })

  /** The meter that has seen exactly what was received; undefined: there is none. */
  function take({ id, received }: Resumable): Meter | undefined {
    const meter = idle.get(id)
    idle.delete(id)
    if (meter?.size() === received) return meter
    meter?.drop()
    return received === 0 ? createMeter(Number.POSITIVE_INFINITY) : undefined
  }

  /** For the next request, unless it has seen more than what was kept. */
  function give({ id, received }: Resumable, meter: Meter | undefined): void {
    if (meter?.size() === received) idle.set(id, meter)
    else meter?.drop()
  }

  return { take, give, close: () => idle.clear() }
}
