import type { ComponentChildren } from 'preact'
import { serverConfig } from '../lib/api.ts'
import type { UserJson } from '../lib/session.ts'
import { GuardedPage, type Tab } from './guarded-page.tsx'
import { accountTexts } from './texts/account.ts'

const everybody = () => true

/** The pages of one's own account. */
export function AccountFrame({ children }: { children: (user: UserJson) => ComponentChildren }) {
  const t = accountTexts.value
  const tokens: Tab[] = serverConfig.value?.feature_api_tokens === 'disabled' ? [] : [['/account/tokens', t.tabTokens]]
  const tabs: Tab[] = [['/account', t.tabUploads], ...tokens, ['/account/settings', t.tabSettings]]
  return <GuardedPage label={t.tabs} tabs={tabs} mayEnter={everybody} body={children} />
}
