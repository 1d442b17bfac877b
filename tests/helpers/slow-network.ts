import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * A network of its own (a Linux namespace), for what a proxy can't imitate: bytes that the kernel took and that are still on
 * their way when one side leaves. It needs no privileges.
 */

/** In front of a command: runs it in a new network, where only that command and those of `inNetworkOf` can be reached. */
export const NEW_NETWORK = [
  ...['unshare', '--user', '--map-root-user', '--net'],
  ...['sh', '-c', 'ip link set lo mtu 1500 up && exec "$@"', 'sh'],
]

/** In front of a command: runs it in the network of a process, which it becomes, so that signals reach it. */
export const networkOf = (pid: number): [string, ...string[]] => [
  ...(['nsenter', '--user', '--net', '--preserve-credentials', '--target'] as const),
  `${pid}`,
]

/** Runs a command in the network of a process; resolves with its exit code and what it printed. */
export async function inNetworkOf(pid: number, command: string[]): Promise<{ code: number; output: Buffer }> {
  const [enter, ...where] = networkOf(pid)
  const options = { maxBuffer: 64 * 1024 * 1024, encoding: 'buffer' } as const
  return promisify(execFile)(enter, [...where, ...command], options).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout }: { code: number; stdout: Buffer }) => ({ code, output: stdout }),
  )
}

/** Limits everything that is sent in the network of a process; `rate` as `tc` reads it: `8mbit`. */
export async function slowDown(pid: number, rate: string): Promise<void> {
  const limit = `tc qdisc add dev lo root tbf rate ${rate} burst 32kb latency 400ms`
  const { code } = await inNetworkOf(pid, limit.split(' '))
  if (code !== 0) throw new Error(`${limit} failed`)
}

/** Whether this machine has such networks; says so when it does not. */
export function hasNetworks(): boolean {
  try {
    const [command = '', ...rest] = NEW_NETWORK
    execFileSync(command, [...rest, 'tc', 'qdisc'], { stdio: 'ignore' })
    return true
  } catch {
    console.warn(
      'NOT TESTED: over a slow line, since there are no network namespaces here, or no `ip` and `tc` (iproute2)',
    )
    return false
  }
}
