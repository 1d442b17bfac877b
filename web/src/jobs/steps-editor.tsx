import { spoken } from '../lib/refusals.ts'
import { DraftField, DraftSelect } from '../ui/draft-fields.tsx'
import { Icon } from '../ui/icon.tsx'
import { IconButton } from '../ui/icon-button.tsx'
import type { Action, JobDraft, JobStep } from './job.ts'
import { ParameterFields } from './parameter-fields.tsx'
import { moveStepUp, removeStep } from './step-order.ts'
import { jobsTexts } from './texts/jobs.ts'

interface Props {
  draft: JobDraft
  actions: Action[]
  change: (part: Partial<JobDraft>) => void
  newStep: () => JobStep
}

/** The steps of a job in order, and the next step on success and on failure of each. */
export function StepsEditor({ draft, actions, change, newStep }: Props) {
  const t = jobsTexts.value
  const { steps } = draft
  return (
    <fieldset>
      <legend>{t.steps}</legend>
      <ol class="step-list">
        {steps.map((step, index) => (
          <li key={index}>
            <StepFields
              step={step}
              number={index + 1}
              count={steps.length}
              actions={actions}
              onChange={(changed) => change({ steps: steps.with(index, changed) })}
              onMove={() => change(moveStepUp(draft, index + 1))}
              onRemove={() => change(removeStep(draft, index + 1))}
            />
          </li>
        ))}
      </ol>
      <button type="button" class="plain" onClick={() => change({ steps: [...steps, newStep()] })}>
        <Icon name="plus" />
        {t.addStep}
      </button>
    </fieldset>
  )
}

interface StepProps {
  step: JobStep
  /** From 1. */
  number: number
  /** Number of all steps. */
  count: number
  actions: Action[]
  onChange: (step: JobStep) => void
  onMove: () => void
  onRemove: () => void
}

function StepFields({ step, number, count, actions, onChange, onMove, onRemove }: StepProps) {
  const t = jobsTexts.value
  const action = actions.find(({ name }) => name === step.action)
  const change = (part: Partial<JobStep>): void => onChange({ ...step, ...part })
  return (
    <section class="step" aria-label={t.stepNumber(number)}>
      <div class="section-head">
        <strong>{t.stepNumber(number)}</strong>
        <span>
          {number > 1 && <IconButton icon="up" label={t.moveUp(number)} onClick={onMove} />}
          {count > 1 && <IconButton icon="trash" label={t.removeStep(number)} onClick={onRemove} />}
        </span>
      </div>
      <div class="fields">
        <DraftField label={t.name} value={step.name} onChange={(name) => change({ name })} required />
        <DraftSelect
          label={t.action}
          value={step.action}
          options={actions.map(({ name }): [string, string] => [name, name])}
          onChange={(name) => change({ action: name, parameters: {} })}
        />
      </div>
      {action && <p class="quiet">{spoken(action.description)}</p>}
      <div class="fields">
        <ParameterFields
          schema={action?.parameters.properties ?? {}}
          values={step.parameters}
          onChange={(parameters) => change({ parameters })}
        />
        <FollowingSelect
          label={t.onSuccess}
          value={step.onSuccess}
          count={count}
          onChange={(onSuccess) => change({ onSuccess })}
        />
        <FollowingSelect
          label={t.onFailure}
          value={step.onFailure}
          count={count}
          onChange={(onFailure) => change({ onFailure })}
        />
        <NumberField
          label={t.retryAttempts}
          value={step.retryAttempts}
          onChange={(retryAttempts) => change({ retryAttempts })}
        />
        {step.retryAttempts > 0 && (
          <NumberField
            label={t.retryInterval}
            value={step.retryIntervalSeconds}
            onChange={(retryIntervalSeconds) => change({ retryIntervalSeconds })}
          />
        )}
        <NumberField
          label={t.timeout}
          value={step.timeoutSeconds}
          onChange={(timeoutSeconds) => change({ timeoutSeconds })}
          hint={t.timeoutHint}
        />
      </div>
    </section>
  )
}

interface NumberProps {
  label: string
  value: number
  onChange: (value: number) => void
  hint?: string
}

const NumberField = ({ value, onChange, ...rest }: NumberProps) => (
  <DraftField {...rest} type="number" min={0} value={String(value)} onChange={(text) => onChange(Number(text))} />
)

interface FollowingProps {
  label: string
  value: JobStep['onSuccess']
  count: number
  onChange: (value: JobStep['onSuccess']) => void
}

function FollowingSelect({ label, value, count, onChange }: FollowingProps) {
  const t = jobsTexts.value
  const steps = Array.from({ length: count }, (_, index): [string, string] => [String(index + 1), t.goTo(index + 1)])
  return (
    <DraftSelect
      label={label}
      value={String(value)}
      options={[['next', t.goNext], ['quit_success', t.quitSuccess], ['quit_failure', t.quitFailure], ...steps]}
      onChange={(chosen) => onChange(isWord(chosen) ? chosen : Number(chosen))}
    />
  )
}

const isWord = (chosen: string): chosen is 'next' | 'quit_success' | 'quit_failure' => !/^\d+$/.test(chosen)
