import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../context.ts'
import { memoryMiB } from '../processes.ts'
import { available, type TargetName } from '../targets.ts'

const IDLE_AFTER_MS = 1_000
const NAMES: TargetName[] = ['mayfly', 'node', 'nginx', 'plikd']

export const start: Scenario = {
  name: 'start',
  about: 'from the start in an empty folder to the first answer of /health, and the memory a second later',
  async run({ start, compare }) {
    const idle = new Map<string, number[]>()
    async function measure(name: TargetName) {
      const target = await start(name)
      await sleep(IDLE_AFTER_MS)
      idle.set(name, [...(idle.get(name) ?? []), memoryMiB(target.pid).now])
      await target.stop()
      return { value: target.readyMs, cpu: target.readyCpu }
    }
    const contenders = available(NAMES).map((name) => ({ target: name, run: () => measure(name) }))
    await compare({ name: 'ready', unit: 'ms', cpuUnit: 's', contenders, goals: [{ atMost: 400 }, { cpuAtMost: 0.5 }] })
    // One more than the rounds: the warm-up has left one, too.
    const measured = [...idle].map(([target, values]) => ({ target, run: async () => ({ value: values.pop() ?? 0 }) }))
    await compare({ name: 'idle', unit: 'MiB', contenders: measured, goals: [{ atMost: 100 }] }, { warmUp: false })
  },
}
