import type { JobDraft, JobStep } from './job.ts'

/** Changes the order of steps. Steps refer to each other by number, so the references are updated as well. Pure. */

type Ordered = Pick<JobDraft, 'steps' | 'startStep'>

/** Swaps a step with the one before it. `number`: from 1. */
export function moveStepUp({ steps, startStep }: Ordered, number: number): Ordered {
  const [before, moved] = steps.slice(number - 2, number) as [JobStep, JobStep]
  const renumber = (old: number): number => (old === number ? number - 1 : old === number - 1 ? number : old)
  return {
    steps: steps.toSpliced(number - 2, 2, moved, before).map((step) => renumbered(step, renumber)),
    startStep: renumber(startStep),
  }
}

/** References to the removed step then point to the step after it. */
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
