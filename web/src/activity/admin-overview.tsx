import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { pathOfName } from '../../../client/src/file-name.ts'
import { type ActivityDay, getActivity, getStats, trendingFiles, trendingUploads } from '../accounts/accounts-api.ts'
import { AdminFrame } from '../accounts/admin-frame.tsx'
import { adminTexts } from '../accounts/texts/admin.ts'
import { formatBytes, formatDay, formatNumber } from '../lib/format.ts'
import { href } from '../lib/router.ts'
import { listTexts } from '../lib/texts/lists.ts'
import { Shown, useFetched } from '../ui/fetched.tsx'
import { Section } from '../ui/section.tsx'
import { SelectField } from '../ui/toolbar.tsx'
import { Chart, type Series } from './chart.tsx'
import './admin.css'

export function AdminOverviewPage() {
  return (
    <AdminFrame>
      <Figures />
      <Activity />
      <Trending />
    </AdminFrame>
  )
}

function Figures() {
  const t = adminTexts.value
  const stats = useFetched('stats', getStats)
  return (
    <Section title={t.overviewTitle}>
      <Shown of={stats}>
        {({ users, uploads, files, totalSize, anonymousUploads, anonymousTotalSize }) => (
          <dl class="figures">
            <Figure name={t.users} value={formatNumber(users)} />
            <Figure
              name={t.uploads}
              value={formatNumber(uploads)}
              note={t.ofAnonymous(formatNumber(anonymousUploads))}
            />
            <Figure name={t.files} value={formatNumber(files)} />
            <Figure
              name={t.stored}
              value={formatBytes(totalSize)}
              note={t.ofAnonymous(formatBytes(anonymousTotalSize))}
            />
          </dl>
        )}
      </Shown>
    </Section>
  )
}

function Figure({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        {note && <span class="quiet">{note}</span>}
      </dd>
    </div>
  )
}

const SPANS = ['7', '30', '90', '365'] as const

function Activity() {
  const t = adminTexts.value
  const span = useSignal<(typeof SPANS)[number]>('30')
  const days = useFetched(span.value, () => getActivity(Number(span.value)))
  return (
    <Section
      title={t.counts}
      level={2}
      action={<SelectField label={t.days} value={span} options={SPANS.map((id) => [id, t.lastDays(Number(id))])} />}
    >
      <Shown of={days}>{(known) => <Charts days={known} />}</Shown>
    </Section>
  )
}

function Charts({ days }: { days: ActivityDay[] }) {
  const t = adminTexts.value
  const times = useMemo(() => days.map(({ day }) => Date.parse(`${day}T00:00`)), [days])
  const counts = useMemo(
    (): Series[] => [
      { name: t.downloads, values: days.map(({ downloads }) => downloads), color: '--accent' },
      { name: t.uploads, values: days.map(({ uploads }) => uploads), color: '--amber' },
    ],
    [days, t],
  )
  const bytes = useMemo(
    (): Series[] => [
      { name: t.downloaded, values: days.map(({ downloadedBytes }) => downloadedBytes), color: '--accent' },
      { name: t.uploaded, values: days.map(({ uploadedBytes }) => uploadedBytes), color: '--amber' },
    ],
    [days, t],
  )
  return (
    <>
      <Chart label={t.counts} times={times} series={counts} format={formatNumber} />
      <h3>{t.bytes}</h3>
      <Chart label={t.bytes} times={times} series={bytes} format={formatBytes} />
      <details class="more">
        <summary>{t.asTable}</summary>
        <DaysTable days={days} times={times} />
      </details>
    </>
  )
}

/** Newest first. */
function DaysTable({ days, times }: { days: ActivityDay[]; times: number[] }) {
  const t = adminTexts.value
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable with the keyboard (WCAG 2.1.1)
    <section class="table-frame" tabIndex={0} aria-label={t.asTable}>
      <table>
        <thead>
          <tr>
            {[t.day, t.uploads, t.uploaded, t.downloads, t.downloaded].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {days
            .map((day, index) => (
              <tr key={day.day}>
                <th scope="row">{formatDay(times[index] as number)}</th>
                <td>{formatNumber(day.uploads)}</td>
                <td>{formatBytes(day.uploadedBytes)}</td>
                <td>{formatNumber(day.downloads)}</td>
                <td>{formatBytes(day.downloadedBytes)}</td>
              </tr>
            ))
            .reverse()}
        </tbody>
      </table>
    </section>
  )
}

const WINDOWS = ['1d', '7d', '30d', 'all'] as const

function Trending() {
  const t = adminTexts.value
  const window = useSignal<(typeof WINDOWS)[number]>('7d')
  const names = { '1d': t.windowDay, '7d': t.windowWeek, '30d': t.windowMonth, all: t.windowAll }
  const uploads = useFetched(window.value, () => trendingUploads(window.value))
  const files = useFetched(window.value, () => trendingFiles(window.value))
  return (
    <Section
      title={t.trendingUploads}
      level={2}
      action={<SelectField label={t.window} value={window} options={WINDOWS.map((id) => [id, names[id]])} />}
    >
      <Shown of={uploads}>
        {(found) => (
          <Ranking
            label={t.trendingUploads}
            entries={found.map(({ id, comments, e2ee, files, size, downloadCount, user }) => ({
              id,
              uploadId: id,
              name: e2ee ? listTexts.value.encryptedFiles(files) : comments.split('\n')[0] || id,
              note: [formatBytes(size), user].filter(Boolean).join(' · '),
              count: downloadCount,
            }))}
          />
        )}
      </Shown>
      <h3>{t.trendingFiles}</h3>
      <Shown of={files}>
        {(found) => (
          <Ranking
            label={t.trendingFiles}
            entries={found.map(({ id, uploadID, name, e2ee, size, downloadCount, user }) => ({
              id,
              uploadId: uploadID,
              name: e2ee ? listTexts.value.encryptedFiles(1) : pathOfName(name),
              note: [formatBytes(size), user].filter(Boolean).join(' · '),
              count: downloadCount,
            }))}
          />
        )}
      </Shown>
    </Section>
  )
}

interface Entry {
  id: string
  uploadId: string
  name: string
  note: string
  count: number
}

/** The bar is proportional to the number of downloads. */
function Ranking({ label, entries }: { label: string; entries: Entry[] }) {
  const t = adminTexts.value
  const most = Math.max(1, ...entries.map(({ count }) => count))
  if (entries.length === 0) return <p class="quiet">{t.nothingWanted}</p>
  return (
    <ol class="ranking" aria-label={label}>
      {entries.map(({ id, uploadId, name, note, count }) => (
        <li key={id}>
          <a class="row-title" href={href('/', { id: uploadId })}>
            {name}
          </a>
          <span class="quiet">{note}</span>
          <strong>{t.times(formatNumber(count))}</strong>
          <span class="ranking-bar" style={{ '--share': count / most }} />
        </li>
      ))}
    </ol>
  )
}
