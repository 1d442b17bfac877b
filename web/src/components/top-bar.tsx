import { commonTexts } from '../i18n/common.ts'
import { chooseLanguage, LANGUAGES, type Language, language } from '../i18n/language.ts'
import logo from '../mayfly.svg'
import { href } from '../router.ts'
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
        Mayfly
      </a>
      <div class="top-actions">
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
