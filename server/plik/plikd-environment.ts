import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { readPlikdSettings } from './plikd-settings.ts'

/**
 * The settings of the environment, and below them those of Plik's own file, which `--config` names. `tell` hears one line for
 * each key that has no counterpart. Throws when the file can't be read, or an argument is unknown.
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
