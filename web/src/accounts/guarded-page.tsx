import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { serverConfig } from '../lib/api.ts'
import { href, route } from '../lib/router.ts'
import { me, type UserJson } from '../lib/session.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { NotFoundPage } from '../ui/not-found.tsx'
import { LoginCard } from './login.tsx'
import '../ui/styles/lists.css'

/** Where a tab leads, and what it says. */
export type Tab = readonly [path: string, name: string]

interface Props {
  label: string
  tabs: Tab[]
  mayEnter: (user: UserJson) => boolean
  body: (user: UserJson) => ComponentChildren
}

/** What only people with an account see: others log in first, and are then where they wanted to be. */
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

/** The tab of a page is also that of the pages below it. */
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

/** In the middle of its bar, which may be too narrow for all. The page stays where it is, unlike with `scrollIntoView`. */
function showCurrent(bar: HTMLElement | null): void {
  const tab = bar?.querySelector('[aria-current]')
  if (!bar || !tab) return
  const [outer, inner] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()]
  bar.scrollLeft += inner.left + inner.width / 2 - (outer.left + outer.width / 2)
}
