import type { FastifyInstance } from 'fastify'
import { assertAdmin, assertLoggedIn } from '../accounts/caller.ts'
import type { CallerReader } from '../http/caller.ts'
import { AppError } from '../lib/errors.ts'
import { KEPT_DAYS } from './activity-recorder.ts'
import type { Statistics, TrendingOptions } from './statistics.ts'

interface Dependencies {
  statistics: Statistics
  readCaller: CallerReader
}

type Query = Record<string, string | string[] | undefined>

const DEFAULT_DAYS = 30
const DEFAULT_LIMIT = 20
const MAX_LIMIT = 100
/** Days, including today. */
const WINDOWS = new Map([
  ['all', undefined],
  ['1d', 1],
  ['7d', 7],
  ['30d', 30],
])
const SORTS = new Map([
  ['downloads', 'downloads'],
  ['downloadedBytes', 'downloadedBytes'],
] as const)

/** Activity by day, and the most downloaded files (Plik 1.4): of all users for administrators, of their own for users. */
export function statisticsRoutes({ statistics, readCaller }: Dependencies) {
  return async (app: FastifyInstance): Promise<void> => {
    app.get<{ Querystring: Query }>('/stats/activity/daily', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      return statistics.daily({ scope: 'server', id: '' }, daysOf(request.query))
    })

    app.get<{ Querystring: Query }>('/me/stats/activity/daily', async (request) => {
      const { id } = assertLoggedIn(await readCaller.bySession(request))
      return statistics.daily({ scope: 'user', id }, daysOf(request.query))
    })

    app.get<{ Querystring: Query }>('/stats/trending/uploads', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      return statistics.trendingUploads(trendingOf(request.query))
    })

    app.get<{ Querystring: Query }>('/me/stats/trending/uploads', async (request) => {
      const { id: userId } = assertLoggedIn(await readCaller.bySession(request))
      return statistics.trendingUploads({ ...trendingOf(request.query), userId })
    })

    app.get<{ Querystring: Query }>('/stats/trending/files', async (request) => {
      assertAdmin(await readCaller.bySession(request))
      return statistics.trendingFiles(trendingOf(request.query))
    })
  }
}

function daysOf({ days = String(DEFAULT_DAYS) }: Query): number {
  const number = wholeNumber(days)
  if (number !== undefined && number >= 1 && number <= KEPT_DAYS) return number
  throw new AppError('days_invalid', { max: KEPT_DAYS })
}

function trendingOf({ window = 'all', sort = 'downloads', limit = String(DEFAULT_LIMIT) }: Query): TrendingOptions {
  const rows = wholeNumber(limit)
  if (rows === undefined || rows < 1) throw new AppError('limit_invalid')
  return { window: pick(WINDOWS, 'window', window), sort: pick(SORTS, 'sort', sort), limit: Math.min(rows, MAX_LIMIT) }
}

function pick<T>(choices: ReadonlyMap<string, T>, name: string, value: string | string[]): T {
  const choice = String(value)
  if (choices.has(choice)) return choices.get(choice) as T
  throw new AppError('choice_unknown', { field: name, names: [...choices.keys()].join(', ') })
}

const wholeNumber = (text: string | string[]): number | undefined =>
  /^\d{1,9}$/.test(String(text)) ? Number(text) : undefined
