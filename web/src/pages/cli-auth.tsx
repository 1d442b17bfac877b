import { useSignal } from '@preact/signals'
import { approveCli } from '../accounts/accounts-api.ts'
import { AccountFrame } from '../components/account-frame.tsx'
import { ActionForm } from '../components/action-form.tsx'
import { CentredCard } from '../components/centred-card.tsx'
import { TextField } from '../components/text-field.tsx'
import { accountTexts } from '../i18n/account.ts'
import { route } from '../router.ts'
import { nameOf } from '../session.ts'

/** Plik's command line shows a code, and this address with the code in it. */
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
