import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { serverConfig } from '../lib/api.ts'
import { formatBytes, formatNumber, formatPercent } from '../lib/format.ts'
import { href } from '../lib/router.ts'
import type { UserJson } from '../lib/session.ts'
import { commonTexts } from '../lib/texts/common.ts'
import { Icon } from '../ui/icon.tsx'
import { Section } from '../ui/section.tsx'
import { AccountFrame } from './account-frame.tsx'
import { getMyUsage, listMyUploads, type Usage } from './accounts-api.ts'
import { accountTexts } from './texts/account.ts'
import { UploadsList } from './uploads-list.tsx'

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

/** The user's stored bytes and quota. */
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
