import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { serverConfig } from '../lib/api.ts'
import { href, route } from '../lib/router.ts'
import { me, type UserJson } from '../lib/session.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { NotFoundPage } from '../ui/not-found.tsx'
import { LoginCard } from './login.tsx'
import '../ui/styles/lists.css'

/** The path and the label of a tab. */
export type Tab = readonly [path: string, name: string]

interface Props {
  label: string
  tabs: Tab[]
  mayEnter: (user: UserJson) => boolean
  body: (user: UserJson) => ComponentChildren
}

/** A page for logged-in users; anyone else sees the login form, and then this page. */
export function GuardedPage({ label, tabs, mayEnter, body }: Props) {
  const user = me.value
  if (!serverConfig.value?.authentication) return <NotFoundPage />
  if (user === undefined) return <p class="quiet waiting">{commonTexts.value.loading}</p>
  if (user === null) return <LoginCard />
  if (!mayEnter(user)) return <NotFoundPage />
  return (
    <div class="broad stack">
      <Tabs label={label} tabs={tabs} />
      {body(user)}
    </div>
  )
}

/** A tab is also marked for the pages below its own. */
function Tabs({ label, tabs }: Pick<Props, 'label' | 'tabs'>) {
  const { path } = route.value
  const bar = useRef<HTMLElement>(null)
  useEffect(() => showCurrent(bar.current), [path])
  const current = tabs.findLast(([start]) => path === start || path.startsWith(`${start}/`))
  return (
    <nav ref={bar} class="tabs" aria-label={label}>
      {tabs.map(([start, name]) => (
        <a key={start} href={href(start)} aria-current={current?.[0] === start ? 'page' : undefined}>
          {name}
        </a>
      ))}
    </nav>
  )
}

/** Centres the current tab in its bar, which may be too narrow for all. Unlike `scrollIntoView`, this does not scroll the page. */
function showCurrent(bar: HTMLElement | null): void {
  const tab = bar?.querySelector('[aria-current]')
  if (!bar || !tab) return
  const [outer, inner] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()]
  bar.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2)
}
