import { parse, validateDetailed } from 'node-cron'
import { AppError } from '../lib/errors.ts'

/**
 * The due times of a cron expression as a function of a moment and a time zone: node-cron calculates only the next one
 * from the system's clock. Fields are interpreted as in node-cron, with seconds first if there are six; all of them must
 * match. Clock changes are handled as in Vixie cron: expressions that match every hour follow real time. For all others
 * no run is lost or repeated: a time inside a gap is due at its end, and of a repeated hour the first counts.
 */

/** Impossible dates are rejected when parsed; 29 February on a given weekday occurs every 28 years, or 40 around 2100. */
const HORIZON_DAYS = 41 * 366

/** Throws `bad_request` with the reason if the expression is invalid. */
export function assertCron(cron: string): void {
  const { errors, fields } = validateDetailed(cron)
  if (!fields) {
    const problems = errors.map(({ field, message }) => ({ field, code: 'invalid' as const, parameters: {}, message }))
    const message = `cron "${cron}": ${errors.map((error) => error.message).join('; ')}`
    throw new AppError('cron_invalid', { cron, problems }, { message })
  }
  const special = [...fields.dayOfMonth, ...fields.dayOfWeek].find((value) => typeof value === 'string')
  if (special !== undefined) {
    throw new AppError('cron_special', { cron, special })
  }
}

/** Throws `bad_request`. */
export function assertTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch (cause) {
    throw new AppError('time_zone_unknown', { name: timeZone }, { cause })
  }
}

/** The first moment after `after` (exclusive), both epoch ms; undefined if there is none within `HORIZON_DAYS`. */
export function nextMoment(cron: string, timeZone: string, after: number): number | undefined {
  const fields = parse(cron)
  const from = Temporal.Instant.fromEpochMilliseconds(after).toZonedDateTimeISO(timeZone)
  // A repeated hour may lead back over midnight.
  let day = from.toPlainDate().subtract({ days: 1 })
  for (let count = 0; count < HORIZON_DAYS; count += 1, day = day.add({ days: 1 })) {
    const moment = fits(day, fields) ? firstOnDay(day, timeZone, fields, after) : undefined
    if (moment !== undefined) return moment
  }
  return undefined
}

type Fields = ReturnType<typeof parse>

const fits = (day: Temporal.PlainDate, { month, dayOfMonth, dayOfWeek }: Fields): boolean =>
  month.includes(day.month) && dayOfMonth.includes(day.day) && dayOfWeek.includes(day.dayOfWeek % 7)

function firstOnDay(day: Temporal.PlainDate, timeZone: string, { hour, minute, second }: Fields, after: number) {
  const at = (time: Time): number =>
    (time instanceof Temporal.ZonedDateTime ? time : firstOf(time, timeZone)).epochMilliseconds
  const hours = hour.length === 24 ? realHours(day, timeZone) : hour.map((h) => day.toPlainDateTime({ hour: h }))
  for (const start of hours) {
    if (at(start) + HOUR_MS <= after) continue
    for (const m of minute) {
      const inHour = start.with({ minute: m })
      if (at(inHour) + MINUTE_MS <= after) continue
      const moment = second.map((s) => at(inHour.with({ second: s }))).find((found) => found > after)
      if (moment !== undefined) return moment
    }
  }
  return undefined
}

type Time = Temporal.PlainDateTime | Temporal.ZonedDateTime

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

function* realHours(day: Temporal.PlainDate, timeZone: string) {
  let hour = day.toZonedDateTime({ timeZone })
  while (hour.toPlainDate().equals(day)) {
    yield hour
    hour = hour.add({ hours: 1 })
  }
}

/** The first moment with this local time; the end of the gap if it does not exist. */
function firstOf(time: Temporal.PlainDateTime, timeZone: string): Temporal.ZonedDateTime {
  const moment = time.toZonedDateTime(timeZone, { disambiguation: 'earlier' })
  if (moment.toPlainDateTime().equals(time)) return moment
  return moment.getTimeZoneTransition('next') ?? moment
}
