import { serverConfig } from './lib/api.ts'
import { formatPercent } from './lib/format.ts'
import { chooseLanguage, LANGUAGES, type Language, language } from './lib/language.ts'
import { href, route } from './lib/router.ts'
import { me, nameOf } from './lib/session.ts'
import { commonTexts } from './lib/texts/common.ts'
import { type Theme, theme } from './lib/theme.ts'
import { type OwnUpload, ownUploads } from './lib/upload-indicator.ts'
import logo from './mayfly.svg'
import { Icon, type IconName } from './ui/icon.tsx'

const NEXT_THEME: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' }
const THEME_ICONS: Record<Theme, IconName> = { auto: 'device', light: 'sun', dark: 'moon' }

export function TopBar() {
  const t = commonTexts.value
  const themeNames: Record<Theme, string> = { auto: t.themeAuto, light: t.themeLight, dark: t.themeDark }
  const current = theme.value
  return (
    <header class="top">
      <a class="brand" href={href('/')} aria-label={t.toStart}>
        <img src={logo} width={32} height={32} alt="" />
        <span class="word">Mayfly</span>
      </a>
      <div class="top-actions">
        <UnderWayLinks />
        <AccountLinks />
        <select
          aria-label={t.language}
          value={language.value}
          onChange={({ currentTarget }) => chooseLanguage(currentTarget.value as Language)}
        >
          {Object.entries(LANGUAGES).map(([code, name]) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="bare"
          aria-label={`${t.theme}: ${themeNames[current]}`}
          title={`${t.theme}: ${themeNames[current]}`}
          onClick={() => {
            theme.value = NEXT_THEME[current]
          }}
        >
          <Icon name={THEME_ICONS[current]} />
        </button>
      </div>
    </header>
  )
}

/** Links back to running uploads, on all other pages. */
function UnderWayLinks() {
  const { path, query } = route.value
  const here = href(path, Object.fromEntries(query))
  return ownUploads.value
    .filter(({ place }) => place !== here)
    .map((one, index) => <SendingLink key={index} one={one} />)
}

function SendingLink({ one: { place, total } }: { one: OwnUpload }) {
  const t = commonTexts.value
  const { sent, size, state } = total.value
  const percent = formatPercent(size === 0 ? 1 : sent / size)
  const label = {
    sending: t.sendingPercent(percent),
    stalled: t.underWayStalled,
    paused: t.underWayPaused,
    failed: t.underWayFailed,
    done: t.underWayDone,
  }
  return (
    <a class="button bare" href={place} aria-label={label[state]} title={label[state]}>
      <Icon name={state === 'done' ? 'check' : 'upload'} />
      {percent}
    </a>
  )
}

/** Links to the user's account and, for administrators, to the administration. */
function AccountLinks() {
  const t = commonTexts.value
  const user = me.value
  if (!serverConfig.value?.authentication || user === undefined) return null
  if (user === null)
    return (
      <a class="button bare" href={href('/login')}>
        {t.login}
      </a>
    )
  const name = nameOf(user)
  return (
    <>
      {user.admin && (
        <a class="button bare" href={href('/admin')} aria-label={t.admin} title={t.admin}>
          <Icon name="shield" />
        </a>
      )}
      <a class="button bare" href={href('/account')} aria-label={t.account(name)} title={t.account(name)}>
        <Icon name="person" />
      </a>
    </>
  )
}
