import { useSignal } from '@preact/signals'
import { serverUrl } from '../lib/api.ts'
import { formatDate } from '../lib/format.ts'
import type { Paged } from '../lib/paged.ts'
import { ActionForm } from '../ui/action-form.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { CopyField } from '../ui/copy-field.tsx'
import { DialogButton } from '../ui/dialog-button.tsx'
import { Icon } from '../ui/icon.tsx'
import { Notice } from '../ui/notice.tsx'
import { PagedList, usePaged } from '../ui/paged-list.tsx'
import { Section } from '../ui/section.tsx'
import { TextField } from '../ui/text-field.tsx'
import { AccountFrame } from './account-frame.tsx'
import { createToken, deleteToken, listTokens, type TokenJson } from './accounts-api.ts'
import { accountTexts } from './texts/account.ts'

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

/** A new token; it is shown only once. */
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
