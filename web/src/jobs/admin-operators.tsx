import { useSignal } from '@preact/signals'
import { ActionForm } from '../ui/action-form.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { CopyField } from '../ui/copy-field.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { DraftField, DraftSelect } from '../ui/draft-fields.tsx'
import { Shown, useFetched } from '../ui/fetched.tsx'
import { Icon } from '../ui/icon.tsx'
import { Notice } from '../ui/notice.tsx'
import { Section } from '../ui/section.tsx'
import { SwitchField } from '../ui/switch-field.tsx'
import type { Operator, OperatorDraft } from './job.ts'
import { deleteOperator, listOperators, saveOperator } from './jobs-api.ts'
import { JobsFrame } from './jobs-frame.tsx'
import { jobsTexts } from './texts/jobs.ts'

export function AdminOperatorsPage() {
  return (
    <JobsFrame>
      <Operators />
    </JobsFrame>
  )
}

function Operators() {
  const t = jobsTexts.value
  const operators = useFetched('operators', listOperators)
  const created = useSignal<Operator | undefined>(undefined)

  async function saved(operator: Operator): Promise<void> {
    created.value = operator
    await operators.reload()
  }

  return (
    <Section
      title={t.tabOperators}
      text={t.operatorsText}
      action={
        <DialogButton icon="plus" label={t.newOperator}>
          {(close) => <OperatorDialog onSaved={saved} onClose={close} />}
        </DialogButton>
      }
    >
      {created.value?.secret && (
        <Notice icon="key" title={t.secretTitle(created.value.name)}>
          <div class="filling">
            <CopyField label={t.secret} text={created.value.secret} isCommand />
          </div>
        </Notice>
      )}
      <Shown of={operators}>
        {(list) =>
          list.length === 0 ? (
            <div class="nothing quiet">{t.noOperators}</div>
          ) : (
            <ul class="rows" aria-label={t.tabOperators}>
              {list.map((operator) => (
                <OperatorRow key={operator.id} operator={operator} reload={operators.reload} />
              ))}
            </ul>
          )
        }
      </Shown>
    </Section>
  )
}

function OperatorRow({ operator, reload }: { operator: Operator; reload: () => Promise<void> }) {
  const t = jobsTexts.value
  const { id, name, kind, target, isEnabled } = operator
  return (
    <li class={`row ${isEnabled ? '' : 'off'}`}>
      <span class="file-icon">
        <Icon name={kind === 'email' ? 'text' : 'link'} />
      </span>
      <div class="row-main">
        <span class="row-title">{name}</span>
        <p class="facts quiet">
          <span>{target}</span>
          {!isEnabled && <span>{t.disabled}</span>}
        </p>
      </div>
      <div class="row-actions">
        <DialogButton icon="options" label={t.changeOf(name)} look="bare">
          {(close) => <OperatorDialog operator={operator} onSaved={reload} onClose={close} />}
        </DialogButton>
        <DialogButton icon="trash" label={t.deleteOf(name)} look="bare">
          {(close) => (
            <ConfirmDialog
              title={t.deleteOf(name)}
              text={t.deleteOperatorSure(name)}
              onConfirm={() => deleteOperator(id).then(reload)}
              onClose={close}
            />
          )}
        </DialogButton>
      </div>
    </li>
  )
}

interface DialogProps {
  /** Undefined: a new operator. */
  operator?: Operator
  onSaved: (operator: Operator) => Promise<void>
  onClose: () => void
}

function OperatorDialog({ operator, onSaved, onClose }: DialogProps) {
  const t = jobsTexts.value
  const draft = useSignal<OperatorDraft>({
    name: operator?.name ?? '',
    kind: operator?.kind ?? 'email',
    target: operator?.target ?? '',
    isEnabled: operator?.isEnabled ?? true,
  })
  const { name, kind, target, isEnabled } = draft.value
  const change = (part: Partial<OperatorDraft>): void => {
    draft.value = { ...draft.value, ...part }
  }

  async function save(): Promise<void> {
    await onSaved(await saveOperator(draft.value, operator?.id))
    onClose()
  }

  return (
    <Dialog title={operator ? t.changeOf(operator.name) : t.newOperator} onClose={onClose} isWide>
      <ActionForm action={t.save} onSubmit={save}>
        <div class="fields">
          <DraftField label={t.name} value={name} onChange={(text) => change({ name: text })} required />
          <DraftSelect
            label={t.reachedBy}
            value={kind}
            options={[
              ['email', t.email],
              ['webhook', t.webhook],
            ]}
            onChange={(chosen) => change({ kind: chosen })}
          />
          <DraftField
            label={kind === 'email' ? t.address : t.url}
            value={target}
            onChange={(text) => change({ target: text })}
            required
          />
        </div>
        <SwitchField label={t.enabled} isOn={isEnabled} onChange={(isOn) => change({ isEnabled: isOn })} />
      </ActionForm>
    </Dialog>
  )
}
