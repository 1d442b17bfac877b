import type { Reporter, TestModule } from 'vitest/node'

const COUNT = 10

/** Prints at the end of a run which test files took the longest. */
export class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules.map((module) => ({ module, ms: module.diagnostic().duration }))
    const slowest = times.sort((a, b) => b.ms - a.ms).slice(0, COUNT)
    console.log(`\nThe ${slowest.length} slowest of ${modules.length} test files:`)
    for (const { module, ms } of slowest)
      console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${module.project.name}  ${module.relativeModuleId}`)
  }
}
