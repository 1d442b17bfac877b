import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Seconds on a quiet machine, in most of which these files wait: for leases, restarts and slow lines. */
const LONGEST: Record<string, number> = {
  'faults/frozen-replica': 60,
  'faults/kill': 40,
  'e2e/page/many-files': 45,
  'e2e/slow-line': 35,
  'client/terminal': 30,
  'faults/hung-backends': 30,
  'faults/leaping-clock': 30,
  'storage/s3-store': 25,
  'e2e/page/tabs': 25,
}
/** With servers, browsers and commands of their own. */
const WITH_PROCESSES = /^(?:e2e|faults|client)\//

/** If a long file started last, the whole run would wait for it. Files of one project stay together, since they share workers. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rankOf(b) - rankOf(a))
  }
}

function rankOf({ project, moduleId }: TestSpecification): number {
  if (project.config.isolate) return Number.POSITIVE_INFINITY
  if (project.name === 'postgres') return 0
  const name = moduleId.slice(moduleId.lastIndexOf('/tests/') + '/tests/'.length, -'.test.ts'.length)
  return LONGEST[name] ?? (WITH_PROCESSES.test(name) ? 2 : 1)
}
