import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { getMyUsage, listMyUploads, type Usage } from '../accounts/accounts-api.ts'
import { serverConfig } from '../api.ts'
import { AccountFrame } from '../components/account-frame.tsx'
import { Icon } from '../components/icon.tsx'
import { Section } from '../components/section.tsx'
import { UploadsList } from '../components/uploads-list.tsx'
import { formatBytes, formatNumber, formatPercent } from '../format.ts'
import { accountTexts } from '../i18n/account.ts'
import { commonTexts } from '../i18n/common.ts'
import { href } from '../router.ts'
import type { UserJson } from '../session.ts'

const usage = signal<Usage | undefined>(undefined)

export function AccountUploadsPage() {
  const t = accountTexts.value
  return (
    <AccountFrame>
      {(user) => (
        <Section
          title={t.uploadsTitle}
          action={
            <a class="button primary" href={href('/')}>
              <Icon name="plus" />
              {commonTexts.value.sendSomething}
            </a>
          }
        >
          <UsageMeter user={user} />
          <UploadsList fetchPage={listMyUploads} empty={<p>{t.noUploads}</p>} />
        </Section>
      )}
    </AccountFrame>
  )
}

/** What a user keeps here, and how much is allowed. */
function UsageMeter({ user }: { user: UserJson }) {
  const t = accountTexts.value
  useEffect(() => {
    void getMyUsage().then((answer) => {
      usage.value = answer
    })
  }, [user.id])
  if (!usage.value) return null
  const { uploads, files, totalSize } = usage.value
  const quota = quotaOf(user)
  return (
    <div class="usage">
      <p>
        <strong>{formatBytes(totalSize)}</strong>
        <span class="quiet">
          {quota === undefined ? t.usedUnlimited : t.usedOf(formatBytes(quota), formatPercent(totalSize / quota))}
          {' · '}
          {t.inUploads(formatNumber(files), formatNumber(uploads), uploads)}
        </span>
      </p>
      {quota !== undefined && <meter aria-label={t.usage} min={0} max={quota} high={quota * 0.9} value={totalSize} />}
    </div>
  )
}

/** Bytes; undefined: no limit. */
function quotaOf({ maxUserSize }: UserJson): number | undefined {
  const limit = maxUserSize === 0 ? (serverConfig.value?.maxUserSize ?? -1) : maxUserSize
  return limit > 0 ? limit : undefined
}
