import { useSignal } from '@preact/signals'
import { createToken, deleteToken, listTokens, type TokenJson } from '../accounts/accounts-api.ts'
import { serverUrl } from '../api.ts'
import { AccountFrame } from '../components/account-frame.tsx'
import { ActionForm } from '../components/action-form.tsx'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { CopyField } from '../components/copy-field.tsx'
import { DialogButton } from '../components/dialog-button.tsx'
import { Icon } from '../components/icon.tsx'
import { Notice } from '../components/notice.tsx'
import { PagedList, usePaged } from '../components/paged-list.tsx'
import { Section } from '../components/section.tsx'
import { TextField } from '../components/text-field.tsx'
import { formatDate } from '../format.ts'
import { accountTexts } from '../i18n/account.ts'
import type { Paged } from '../paged.ts'

export function AccountTokensPage() {
  return <AccountFrame>{() => <Tokens />}</AccountFrame>
}

function Tokens() {
  const t = accountTexts.value
  const list = usePaged('tokens', (after) => listTokens({ after }))
  const created = useSignal<TokenJson | undefined>(undefined)
  const comment = useSignal('')

  async function create(): Promise<void> {
    created.value = await createToken(comment.value.trim())
    comment.value = ''
    await list.reload()
  }

  return (
    <Section title={t.tokensTitle} text={t.tokensText}>
      <ActionForm action={t.createToken} onSubmit={create} isInline>
        <TextField label={t.tokenComment} value={comment} placeholder={t.tokenExample} />
      </ActionForm>
      {created.value && <NewToken token={created.value.token} />}
      <PagedList
        label={t.tokensTitle}
        list={list}
        empty={<p>{t.noTokens}</p>}
        row={(token) => <TokenRow key={token.token} token={token} list={list} />}
      />
    </Section>
  )
}

/** The one time that it is seen. */
function NewToken({ token }: { token: string }) {
  const t = accountTexts.value
  return (
    <Notice icon="key" title={t.tokenCreated}>
      <p>{t.tokenOnce}</p>
      <div class="stack filling">
        <CopyField label={t.token} text={token} isCommand />
        <CopyField label={t.tokenPlikrc} text={`Token = "${token}"`} isCommand />
        <CopyField
          label={t.tokenCurl}
          text={`curl -H 'X-PlikToken: ${token}' -F 'file=@photo.jpg' ${serverUrl('')}`}
          isCommand
        />
      </div>
    </Notice>
  )
}

function TokenRow({ token, list }: { token: TokenJson; list: Paged<TokenJson> }) {
  const t = accountTexts.value
  const name = token.comment || t.tokenUnnamed
  return (
    <li class="row">
      <span class="file-icon">
        <Icon name="key" />
      </span>
      <div class="row-main">
        <span class="row-title">{name}</span>
        <p class="facts quiet">
          <span>{t.tokenSince(formatDate(Date.parse(token.createdAt)))}</span>
          <code>{token.token}</code>
        </p>
      </div>
      <div class="row-actions">
        <DialogButton icon="trash" label={t.deleteTokenOf(name)} look="bare">
          {(close) => (
            <ConfirmDialog
              title={t.deleteTokenOf(name)}
              text={t.deleteTokenSure(name)}
              onConfirm={() => deleteToken(token.token).then(() => list.drop(token))}
              onClose={close}
            />
          )}
        </DialogButton>
      </div>
    </li>
  )
}
