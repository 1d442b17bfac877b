import { expect, test } from 'vitest'
import type { JobStep } from '../../../web/src/jobs/job.ts'
import { moveStepUp, removeStep } from '../../../web/src/jobs/step-order.ts'

const step = (name: string, onSuccess: JobStep['onSuccess'] = 'next'): JobStep => ({
  name,
  action: 'check-links',
  parameters: {},
  onSuccess,
  onFailure: 'quit_failure',
  retryAttempts: 0,
  retryIntervalSeconds: 0,
  timeoutSeconds: 0,
})

const told = ({ steps, startStep }: { steps: JobStep[]; startStep: number }) => [
  startStep,
  ...steps.map(({ name, onSuccess }) => `${name} → ${onSuccess}`),
]

test('a step that moves up is still the one that others go to', () => {
  const before = { steps: [step('a', 3), step('b', 'quit_success'), step('c', 2)], startStep: 2 }

  expect(told(moveStepUp(before, 3))).toEqual([3, 'a → 2', 'c → 3', 'b → quit_success'])
  expect(told(moveStepUp(before, 2))).toEqual([1, 'b → quit_success', 'a → 3', 'c → 1'])
})

test('references to a removed step point to the next one', () => {
  const before = { steps: [step('a', 2), step('b', 3), step('c', 1)], startStep: 2 }

  expect(told(removeStep(before, 2))).toEqual([1, 'a → next', 'c → 1'])
  expect(told(removeStep(before, 1))).toEqual([1, 'b → 2', 'c → next'])
})
