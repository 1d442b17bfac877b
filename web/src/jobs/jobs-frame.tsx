import type { ComponentChildren } from 'preact'
import { AdminFrame } from '../accounts/admin-frame.tsx'
import { href, route } from '../lib/router.ts'
import { jobsTexts } from './texts/jobs.ts'
import './jobs.css'

/** Layout of the pages about jobs. */
export function JobsFrame({ children }: { children: ComponentChildren }) {
  const t = jobsTexts.value
  const { path } = route.value
  const pages: [string, string][] = [
    ['/admin/jobs', t.tabJobs],
    ['/admin/jobs/history', t.tabHistory],
    ['/admin/jobs/schedules', t.tabSchedules],
    ['/admin/jobs/operators', t.tabOperators],
  ]
  return (
    <AdminFrame>
      <nav class="tabs small" aria-label={t.tabs}>
        {pages.map(([start, name]) => (
          <a key={start} href={href(start)} aria-current={path === start ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {children}
    </AdminFrame>
  )
}
