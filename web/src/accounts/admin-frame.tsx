import type { ComponentChildren } from 'preact'
import { GuardedPage, type Tab } from './guarded-page.tsx'
import { adminTexts } from './texts/admin.ts'

/** The pages of administrators. */
export function AdminFrame({ children }: { children: ComponentChildren }) {
  const t = adminTexts.value
  const tabs: Tab[] = [
    ['/admin', t.tabOverview],
    ['/admin/uploads', t.tabUploads],
    ['/admin/users', t.tabUsers],
    ['/admin/jobs', t.tabJobs],
  ]
  return <GuardedPage label={t.tabs} tabs={tabs} mayEnter={(user) => user.admin} body={() => children} />
}
