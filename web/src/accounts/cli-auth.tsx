import { useSignal } from '@preact/signals'
import { route } from '../lib/router.ts'
import { nameOf } from '../lib/session.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { CentredCard } from '../ui/centred-card.tsx'
import { TextField } from '../ui/text-field.tsx'
import { AccountFrame } from './account-frame.tsx'
import { approveCli } from './accounts-api.ts'
import { accountTexts } from './texts/account.ts'

/** Plik's command line shows a code, and the address of this page with the code in it. */
export function CliAuthPage() {
  return <AccountFrame>{(user) => <Approval name={nameOf(user)} />}</AccountFrame>
}

function Approval({ name }: { name: string }) {
  const t = accountTexts.value
  const { query } = route.value
  const code = useSignal(query.get('code') ?? '')
  const comment = useSignal(query.get('hostname') ?? '')
  const isApproved = useSignal(false)
  if (isApproved.value) return <CentredCard icon="check" title={t.cliDone} text={t.cliDoneText} />
  return (
    <CentredCard icon="terminal" title={t.cliTitle} text={t.cliText(name)}>
      <ActionForm
        action={t.cliApprove}
        onSubmit={async () => {
          await approveCli(code.value.trim(), comment.value.trim())
          isApproved.value = true
        }}
      >
        <TextField label={t.tokenComment} value={comment} placeholder={t.tokenExample} autoComplete="off" />
        <TextField label={t.cliCode} value={code} isCode autoComplete="off" required hint={t.cliHint} />
      </ActionForm>
    </CentredCard>
  )
}
