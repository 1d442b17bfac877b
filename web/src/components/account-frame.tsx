import type { ComponentChildren } from 'preact'
import { serverConfig } from '../api.ts'
import { accountTexts } from '../i18n/account.ts'
import type { UserJson } from '../session.ts'
import { GuardedPage, type Tab } from './guarded-page.tsx'

const everybody = () => true

/** The pages of one's own account. */
export function AccountFrame({ children }: { children: (user: UserJson) => ComponentChildren }) {
  const t = accountTexts.value
  const tokens: Tab[] = serverConfig.value?.feature_api_tokens === 'disabled' ? [] : [['/account/tokens', t.tabTokens]]
  const tabs: Tab[] = [['/account', t.tabUploads], ...tokens, ['/account/settings', t.tabSettings]]
  return <GuardedPage label={t.tabs} tabs={tabs} mayEnter={everybody} body={children} />
}
