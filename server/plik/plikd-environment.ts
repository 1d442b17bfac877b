import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { readPlikdSettings } from './plikd-settings.ts'

/**
 * The environment, with defaults from Plik's configuration file, which `--config` names. Calls `tell` with one line for
 * each key that has no counterpart. Throws if the file can't be read, or an argument is unknown.
 */
export function environmentWith(
  args: string[],
  environment: NodeJS.ProcessEnv,
  tell: (line: string) => void,
): NodeJS.ProcessEnv {
  const { config } = parseArgs({ args, options: { config: { type: 'string' } } }).values
  if (config === undefined) return environment
  const settings = readPlikdSettings(readFileSync(config, 'utf8'))
  for (const note of settings.notes) tell(`${basename(config)}: ${note}`)
  return { ...settings.environment, ...environment }
}
