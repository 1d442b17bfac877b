import pino, { type DestinationStream, type Logger } from 'pino'
import type { Config } from '../config/config.ts'
import { createOutages } from './outages.ts'
import { withSourceLines } from './source-lines.ts'

/** Headers and requests that libraries log at debug levels. */
const LIBRARIES_SECRETS = ['busboyOptions', 'err.rawPacket']

/**
 * JSON lines, or readable ones on a terminal. Paths and headers contain links, names and tokens, so requests are never
 * logged as such; for errors only the message and the stack are logged.
 */
export async function createLogger(
  { logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  output: NodeJS.WriteStream & DestinationStream = process.stdout,
): Promise<Logger> {
  const options = {
    level: logLevel,
    base: null,
    redact: { paths: LIBRARIES_SECRETS, remove: true },
    hooks: createOutages(),
    serializers: { err: describeError },
  }
  if (!isPretty(logFormat, output)) return pino(options, output)
  const { default: pretty } = await import('pino-pretty')
  return pino(options, pretty({ destination: output, translateTime: 'HH:MM:ss' }))
}

function describeError(error: Error): object {
  const described = pino.stdSerializers.err(error)
  return typeof described?.stack === 'string' ? { ...described, stack: withSourceLines(described.stack) } : described
}

/** Whether lines are formatted for people. */
export const isPretty = (logFormat: Config['logFormat'], output: { isTTY: boolean } = process.stdout): boolean =>
  logFormat === 'pretty' || (logFormat === 'auto' && output.isTTY)

/** Node would write warnings to standard error in its own format. */
export function logWarnings(log: Logger): void {
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) => log.warn({ warning: name }, message))
}
