import type { Reporter, TestModule } from 'vitest/node'

const COUNT = 10

/** Prints at the end of a run which test files took the longest, and which tests only passed when they were repeated. */
export class RunReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules.map((module) => ({ module, ms: module.diagnostic().duration }))
    const slowest = times.sort((a, b) => b.ms - a.ms).slice(0, COUNT)
    console.log(`\nThe ${slowest.length} slowest of ${modules.length} test files:`)
    for (const { module, ms } of slowest) console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${nameOf(module)}`)

    const flaky = modules.flatMap((module) =>
      [...module.children.allTests()].filter((test) => test.diagnostic()?.flaky),
    )
    if (flaky.length > 0) console.log('\nPassed only when repeated:')
    for (const test of flaky) console.log(`  ${nameOf(test.module)}  ${test.fullName}`)
  }
}

const nameOf = ({ project, relativeModuleId }: TestModule): string => `${project.name}  ${relativeModuleId}`
