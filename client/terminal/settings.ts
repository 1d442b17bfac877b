import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from './failure.ts'

/** Reads the server and the account's token from the command line, the environment, or a file. */

export interface Settings {
  server?: string
  /** An API token of the user's account. */
  token?: string
}

const home = (variable: string, otherwise: string): string => process.env[variable] || join(homedir(), otherwise)

export const settingsPath = (): string => join(home('XDG_CONFIG_HOME', '.config'), 'mayfly-client.json')

/** Folder for the state of unfinished transfers and the list of sent uploads. */
export const stateFolder = (): string => join(home('XDG_STATE_HOME', '.local/state'), 'mayfly-client')

/** `server`: from the command line. The token belongs to the configured server and is not sent to another one. */
export async function readSettings(server: string | undefined): Promise<Settings> {
  const file = await readSettingsFile()
  const own = process.env.MAYFLYSEND_SERVER || file.server
  const token = process.env.MAYFLYSEND_TOKEN || file.token
  const isOwn = server === undefined || server === own || own === undefined
  const used = server ?? own
  return { ...(used === undefined ? {} : { server: used }), ...(token !== undefined && isOwn ? { token } : {}) }
}

async function readSettingsFile(): Promise<Settings> {
  const path = settingsPath()
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw error
  })
  try {
    return settingsIn(JSON.parse(text))
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : error}`)
  }
}

function settingsIn(value: unknown): Settings {
  const { server, token, ...others } = Object(value) as Record<string, unknown>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new Error(`unknown setting ${unknown}, allowed are server and token`)
  for (const [name, text] of Object.entries({ server, token }))
    if (text !== undefined && typeof text !== 'string') throw new Error(`${name} must be a text`)
  return { ...(server ? { server: server as string } : {}), ...(token ? { token: token as string } : {}) }
}

export const noServer = (): UsageError =>
  new UsageError(`which server? Give --server, MAYFLYSEND_SERVER, or {"server": "https://…"} in ${settingsPath()}`)
