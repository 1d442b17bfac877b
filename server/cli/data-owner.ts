import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, type Stats, statSync } from 'node:fs'
import { nearestExisting } from '../start-problem.ts'

/** The user whose rights this process uses. */
export interface Identity {
  /** The command was started by root and works as another user. */
  isSwitched: boolean
  /**
   * Runs `work` with the rights of the caller, for files outside the data folder. Synchronous, so that no other code runs
   * with these rights.
   */
  asCaller<T>(work: () => T): T
}

/**
 * Root works as the owner of the data folder, so that the server can read and replace the files of a command. Only the
 * effective ids change, and with them the owner of new files. Throws with the command to use if this is impossible, or if
 * another user may not access the data. `paths`: the data folder, and its content.
 */
export function workAsOwner(paths: readonly [folder: string, ...string[]]): Identity {
  if (process.geteuid?.() === 0) return switchTo(ownerOf(paths))
  const refused = paths.find((path) => existsSync(path) && !isUsable(path))
  if (refused === undefined) return SAME
  const { uid, gid } = statSync(refused)
  if (uid === process.getuid?.()) return SAME // its mode is wrong, which the error on opening it shows
  throw new Error(`uid ${process.getuid?.()} may not use ${refused} of uid ${uid}: ${commandsFor(uid, gid)}`)
}

const SAME: Identity = { isSwitched: false, asCaller: (work) => work() }

/** A folder of root may contain the files of a service, such as a volume that a group shares. */
function ownerOf(paths: readonly [string, ...string[]]): Stats {
  const [, folder = statSync('/')] = nearestExisting(paths[0])
  const stats = paths.flatMap((path) => statSync(path, { throwIfNoEntry: false }) ?? [])
  return [folder, ...stats].find(({ uid }) => uid !== 0) ?? folder
}

function switchTo({ uid, gid }: Stats): Identity {
  if (uid === 0) return SAME
  try {
    process.setgroups?.([gid])
    become(uid, gid)
  } catch (cause) {
    throw new Error(`root may not work as uid ${uid}, who owns the data: ${commandsFor(uid, gid)}`, { cause })
  }
  return {
    isSwitched: true,
    asCaller(work) {
      process.seteuid?.(0)
      process.setegid?.(0)
      try {
        return work()
      } finally {
        become(uid, gid)
      }
    },
  }
}

/** The group first: only root may change it. */
function become(uid: number, gid: number): void {
  process.setegid?.(gid)
  process.seteuid?.(uid)
}

function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

function commandsFor(uid: number, gid: number): string {
  const name = nameOf(uid)
  const command = name ? `runuser -u ${name} --` : `setpriv --reuid=${uid} --regid=${gid} --clear-groups`
  return `use \`${command} mayfly …\`, or \`docker compose exec --user ${uid} mayfly mayfly …\` in a container`
}

/** Undefined for a user without a name, as in a container or with systemd. */
function nameOf(uid: number): string | undefined {
  try {
    return execFileSync('id', ['-nu', String(uid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
