import { cpuSeconds } from './processes.ts'

/** One measurement of one contender. */
export interface Sample {
  value: number
  /** What it cost the server, in the comparison's `cpuUnit`. */
  cpu?: number
  /** Milliseconds that 99 of 100 requests stayed below. */
  p99?: number
}

export interface Contender {
  target: string
  run: () => Promise<Sample>
}

/** The same work, done by several. */
export interface Comparison {
  name: string
  unit: string
  cpuUnit?: string
  contenders: Contender[]
  goals?: Goal[]
}

/** What `of` has to reach (Mayfly as it comes): as a ratio to another target, or in the comparison's unit. Ends are inclusive. */
export type Goal = { of?: string; against?: string } & (
  | { atLeast: number }
  | { atMost: number }
  | { cpuAtMost: number }
)

export interface Result {
  scenario: string
  name: string
  target: string
  unit: string
  cpuUnit: string | undefined
  values: number[]
  median: number
  cpu: number | undefined
  p99: number | undefined
  /** To each reference: the median over the rounds of the ratio within the round. */
  ratios: Record<string, number>
  goals: Judgement[]
}

/** `reached` as a figure in the unit, or as a ratio. */
export interface Judgement {
  text: string
  reached: number
  isMet: boolean
}

const REFERENCES = ['node', 'nginx', 'plikd', 'put']
const SUBJECT = 'mayfly'

/** In turns, A B C A B C …, so that other load on the machine affects all of them alike. */
export async function measureInTurns(
  scenario: string,
  comparison: Comparison,
  rounds: number,
  warmUp: boolean,
): Promise<Result[]> {
  const samples = new Map<string, Sample[]>(comparison.contenders.map(({ target }) => [target, []]))
  if (warmUp) for (const { run } of comparison.contenders) await run()
  for (let round = 0; round < rounds; round++) {
    for (const { target, run } of comparison.contenders) samples.get(target)?.push(await run())
  }
  return comparison.contenders.map(({ target }) => summary(scenario, comparison, target, samples))
}

function summary(
  scenario: string,
  { name, unit, cpuUnit, goals = [] }: Comparison,
  target: string,
  samples: Map<string, Sample[]>,
): Result {
  const own = samples.get(target) ?? []
  const values = own.map(({ value }) => value)
  const ratios: Record<string, number> = {}
  for (const reference of REFERENCES) {
    const others = samples.get(reference)
    if (!others || reference === target) continue
    ratios[reference] = median(values.map((value, round) => value / (others[round]?.value ?? Number.NaN)))
  }
  const cpu = medianOfSome(own.map((sample) => sample.cpu))
  const result = { scenario, name, target, unit, cpuUnit, values, median: median(values), cpu, ratios }
  return {
    ...result,
    p99: medianOfSome(own.map(({ p99 }) => p99)),
    goals: goals.filter(({ of = SUBJECT }) => of === target).flatMap((goal) => judged(goal, result)),
  }
}

/** Nothing when what it is measured against is not here. */
function judged(goal: Goal, { median, cpu, ratios, unit, cpuUnit }: Omit<Result, 'goals' | 'p99'>): Judgement[] {
  if ('cpuAtMost' in goal) return judgement(cpu, goal.cpuAtMost, 'at most', `${cpuUnit} of CPU`)
  const reached = goal.against === undefined ? median : ratios[goal.against]
  const what = goal.against === undefined ? unit : `× ${goal.against}`
  return 'atLeast' in goal
    ? judgement(reached, goal.atLeast, 'at least', what)
    : judgement(reached, goal.atMost, 'at most', what)
}

function judgement(
  reached: number | undefined,
  limit: number,
  side: 'at least' | 'at most',
  what: string,
): Judgement[] {
  if (reached === undefined) return []
  const isMet = side === 'at least' ? reached >= limit : reached <= limit
  return [{ text: `${side === 'at least' ? '≥' : '≤'} ${limit} ${what}`, reached, isMet }]
}

const medianOfSome = (values: (number | undefined)[]): number | undefined => {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : median(known)
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/** Runs `work` and says what CPU time it cost the process `pid` and its children. */
export async function withCpu<T>(pid: number, work: () => Promise<T>): Promise<{ done: T; cpu: number }> {
  const before = cpuSeconds(pid)
  const done = await work()
  return { done, cpu: cpuSeconds(pid) - before }
}
