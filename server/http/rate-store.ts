import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor, RateLimitOptions } from '@fastify/rate-limit'
import { LRUCache } from 'lru-cache'
import type { SteadyClock } from '../lib/clock.ts'

type Answer = Parameters<FastifyRateLimitStore['incr']>[1]

/**
 * Counters of @fastify/rate-limit with fixed windows. The library's own store compares wall clocks: after a clock was set
 * back by a day, clients that had reached a limit were rejected for a day. A class, since the library calls it with
 * `new`.
 */
export const rateStoreOn = (steady: SteadyClock): FastifyRateLimitStoreCtor =>
  class RateStore implements FastifyRateLimitStore {
    readonly counters: LRUCache<string, { current: number }>

    constructor({ cache = 1 }: RateLimitOptions) {
      this.counters = new LRUCache({ max: cache, ttlResolution: 0, ttlAutopurge: false, perf: { now: steady } })
    }

    incr(key: string, answer: Answer, timeWindow: number): void {
      const counter = this.counters.get(key) ?? { current: 0 }
      counter.current += 1
      if (counter.current === 1) this.counters.set(key, counter, { ttl: timeWindow })
      answer(null, { current: counter.current, ttl: this.counters.getRemainingTTL(key) })
    }

    /** Reads the counter without incrementing it. */
    read(key: string, answer: Answer): void {
      const current = this.counters.get(key)?.current ?? 0
      answer(null, { current, ttl: this.counters.getRemainingTTL(key) })
    }

    child(options: object): RateStore {
      return new RateStore(options)
    }
  }
