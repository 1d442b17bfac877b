import { serverConfig } from '../api.ts'
import { commonTexts } from '../i18n/common.ts'
import { chooseLanguage, LANGUAGES, type Language, language } from '../i18n/language.ts'
import logo from '../mayfly.svg'
import { href } from '../router.ts'
import { me, nameOf } from '../session.ts'
import { type Theme, theme } from '../theme.ts'
import { Icon, type IconName } from './icon.tsx'

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

/** Where there are accounts: to one's own, and for administrators to everything. */
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
