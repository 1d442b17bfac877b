import type { JobDraft, JobStep } from './job.ts'

/** The order of steps. Steps name each other by number, so who changes the order changes the numbers with it. Pure. */

type Ordered = Pick<JobDraft, 'steps' | 'startStep'>

/** Changes places with the step before. `number`: from 1. */
export function moveStepUp({ steps, startStep }: Ordered, number: number): Ordered {
  const [before, moved] = steps.slice(number - 2, number) as [JobStep, JobStep]
  const renumber = (old: number): number => (old === number ? number - 1 : old === number - 1 ? number : old)
  return {
    steps: steps.toSpliced(number - 2, 2, moved, before).map((step) => renumbered(step, renumber)),
    startStep: renumber(startStep),
  }
}

/** Whatever went to it goes to the next one. */
export function removeStep({ steps, startStep }: Ordered, number: number): Ordered {
  const renumber = (old: number): number | undefined => (old === number ? undefined : old > number ? old - 1 : old)
  return {
    steps: steps.toSpliced(number - 1, 1).map((step) => renumbered(step, renumber)),
    startStep: renumber(startStep) ?? 1,
  }
}

function renumbered(step: JobStep, renumber: (old: number) => number | undefined): JobStep {
  const following = (target: JobStep['onSuccess']) =>
    typeof target === 'number' ? (renumber(target) ?? 'next') : target
  return { ...step, onSuccess: following(step.onSuccess), onFailure: following(step.onFailure) }
}
