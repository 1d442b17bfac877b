/** `node --import` this: kills the process before the call number `KILL_AT` of those that give a file a name. */
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

let calls = 0

for (const name of ['link', 'rename'] as const) {
  const original = fs[name]
  fs[name] = async (from, to) => {
    calls += 1
    if (calls === Number(process.env.KILL_AT)) process.kill(process.pid, 'SIGKILL')
    return original(from, to)
  }
}
syncBuiltinESMExports()
