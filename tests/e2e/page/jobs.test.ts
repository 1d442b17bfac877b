import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { givenUser, WITH_ACCOUNTS } from '../../helpers/accounts.ts'
import { hasBrowser, useBrowser } from '../../helpers/browser.ts'
import { givenFile } from '../../helpers/client.ts'
import { makeApp, type TestApp } from '../../helpers/make-app.ts'
import { logIn, looker } from './page-tests.ts'

/** The page at `path`, with its jobs there and the agent running. */
async function givenJobs(open: () => Promise<Page>, path = '/admin/jobs'): Promise<{ app: TestApp; page: Page }> {
  const app = await makeApp(WITH_ACCOUNTS)
  await app.jobEngine.agent.start()
  await givenUser(app, 'chief', { isAdmin: true })
  const page = await open()
  await page.goto(`${app.url}/#${path}`)
  await logIn(page, 'chief')
  return { app, page }
}

const row = (page: Page, name: string) =>
  page.locator('.row').filter({ has: page.getByRole('link', { name, exact: true }) })

describe.skipIf(!hasBrowser())('the page about jobs', () => {
  const open = useBrowser()

  test('says first whether the agent runs, stops it and starts it', async () => {
    const { app, page } = await givenJobs(open)
    await page.getByText('The agent is running').waitFor()

    await page.getByRole('button', { name: 'Stop the agent' }).click()
    await page.getByText('The agent is stopped').waitFor()
    expect(await app.jobEngine.control.agentStatus()).toMatchObject({ isEnabled: false, isRunning: false })
    await page.getByRole('button', { name: 'Start the agent' }).click()

    await page.getByText('The agent is running').waitFor()
  })

  test('runs a job now, and tells in the history what each step did', async () => {
    const { app, page } = await givenJobs(open)
    await givenFile(app)

    await page.getByRole('button', { name: 'Run check-links now' }).click()
    await row(page, 'check-links').getByText('Succeeded').waitFor()
    await page.getByRole('link', { name: 'History of check-links' }).click()
    await page.getByText('by hand: user chief').click()
    await page.getByText('1 files checked').waitFor()

    expect(await page.locator('.steps code').allTextContents()).toEqual(['remove-orphans', 'check-links'])
    await page.getByLabel('Outcome').selectOption('Failed')
    await page.getByText('No runs in this period.').waitFor()
    await page.getByLabel('Outcome').selectOption('All')
    await page.getByLabel('To', { exact: true }).fill('2020-01-01T00:00')
    await page.getByText('No runs in this period.').waitFor()
  })

  test('stops a job that is running', async () => {
    const { app, page } = await givenJobs(open)
    await givenFile(app, {}, 'x'.repeat(500_000))
    await app.jobEngine.jobs.change('verify-digests', {
      steps: [{ name: 'slowly', action: 'verify-digests', parameters: { bytesPerSecond: 1000 } }],
    })

    await page.getByRole('button', { name: 'Run verify-digests now' }).click()
    await page.getByRole('button', { name: 'Stop verify-digests' }).click()

    await row(page, 'verify-digests').getByText('Stopped').waitFor()
  })

  test('disables and enables a job', async () => {
    const { app, page } = await givenJobs(open)
    const box = page.getByRole('switch', { name: 'prune-history runs on its schedules' })

    await box.uncheck()
    await row(page, 'prune-history').getByText('Disabled').waitFor()
    expect((await app.jobEngine.jobs.get('prune-history')).isEnabled).toBe(false)
    await box.check()

    await row(page, 'prune-history').getByText('next in').waitFor()
  })

  test('changes what a job does and when', async () => {
    const { app, page } = await givenJobs(open)
    await page.getByRole('link', { name: 'optimise-database', exact: true }).click()

    await page.getByRole('button', { name: 'Add a step' }).click()
    const step = page.getByRole('region', { name: 'Step 2' })
    await step.getByLabel('Name').fill('and a copy')
    await step.getByLabel('Action').selectOption('backup-database')
    await step.getByLabel('keep').fill('0')
    await page.getByLabel('every hour').check()
    await page.getByLabel('every night').uncheck()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').filter({ hasText: 'keep: must be a whole number from 1 to 1000' }).waitFor()
    await step.getByText('1 to 1,000').waitFor()
    await step.getByLabel('keep').fill('3')
    await step.getByLabel('If it fails').selectOption('End: succeeded')
    await step.getByRole('button', { name: 'Move step 2 up' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The agent is running').waitFor()

    const job = await app.jobEngine.jobs.get('optimise-database')
    expect(job.steps).toMatchObject([
      { name: 'and a copy', action: 'backup-database', parameters: { keep: 3 }, onFailure: 'quit_success' },
      { name: 'analyse', action: 'optimise-database' },
    ])
    const { id } = await app.jobEngine.jobs.getSchedule('every hour')
    expect(job.scheduleIds).toEqual([id])
  })

  test('creates a job with a schedule of its own, runs it, and deletes it', async () => {
    const { app, page } = await givenJobs(open, '/admin/jobs/schedules')
    await page.getByRole('button', { name: 'New schedule' }).click()
    await page.getByLabel('Name').fill('lunch')
    await page.getByLabel('Cron expression').fill('0 12 * *')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').filter({ hasText: '0 12 * *' }).waitFor()
    await page.getByLabel('Cron expression').fill('0 12 * * 1-5')
    await page.getByLabel('Time zone').fill('Europe/Berlin')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('0 12 * * 1-5').waitFor()

    await page.goto(`${app.url}/#/admin/jobs/edit`)
    await page.getByLabel('Name').first().fill('lunch-break')
    await page.getByLabel('lunch', { exact: false }).last().check()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'Run lunch-break now' }).click()
    await row(page, 'lunch-break').getByText('Succeeded').waitFor()
    expect(await app.jobEngine.jobs.getSchedule('lunch')).toMatchObject({
      cron: '0 12 * * 1-5',
      timeZone: 'Europe/Berlin',
    })
    await page.getByRole('link', { name: 'lunch-break', exact: true }).click()
    await page.getByRole('button', { name: 'Delete this job' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('The agent is running').waitFor()

    expect((await app.jobEngine.jobs.list()).map(({ name }) => name)).not.toContain('lunch-break')
  })

  test('shows the key of a new operator’s signatures once', async () => {
    const { app, page } = await givenJobs(open, '/admin/jobs/operators')
    await page.getByRole('button', { name: 'New operator' }).click()
    await page.getByLabel('Name').fill('On call')
    await page.getByLabel('Notify by').selectOption('Webhook')
    await page.getByLabel('URL').fill('https://hooks.example.org/mayfly')
    await page.getByRole('button', { name: 'Save' }).click()

    const key = await page.getByLabel('Signing key').inputValue()
    await page.reload()
    await page.getByText('https://hooks.example.org/mayfly').waitFor()

    expect((await app.jobEngine.operators.get('On call')).secret).toBe(key)
    expect(await page.getByLabel('Signing key').count()).toBe(0)
  })
})

describe.skipIf(!hasBrowser()).each(['light', 'dark'] as const)(
  'the pages about jobs in the %s theme',
  (colorScheme) => {
    const open = useBrowser()

    test('have no fault that axe finds, and do not scroll sideways on a small phone', { timeout: 90_000 }, async () => {
      const { app, page } = await givenJobs(() => open({ colorScheme, viewport: { width: 360, height: 740 } }))
      const { look, expectNoFaults } = looker(page)
      await app.jobEngine.operators.create({
        name: 'On call',
        kind: 'webhook',
        target: 'https://a-long-address.of-a-webhook.files.example.org/mayfly',
      })
      await page.getByRole('button', { name: 'Run check-links now' }).click()
      await row(page, 'check-links').getByText('Succeeded').waitFor()
      await look('jobs')
      await page.getByRole('link', { name: 'History of check-links' }).click()
      await page.getByText('by hand: user chief').click()
      await look('history')
      await page.goto(`${app.url}/#/admin/jobs/edit?job=verify-digests`)
      await page.getByLabel('bytesPerSecond').waitFor()
      await look('job')
      await page.getByRole('link', { name: 'Schedules', exact: true }).click()
      await page.getByRole('button', { name: 'Edit every minute' }).waitFor() // the page before names the schedule, too
      await look('schedules')
      await page.getByRole('button', { name: 'Edit every minute' }).click()
      await look('schedule')
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: 'Operators' }).click()
      await page.getByText('On call').waitFor()
      await look('operators')

      expectNoFaults()
    })
  },
)
