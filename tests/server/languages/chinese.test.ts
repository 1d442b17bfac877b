import { expect, test } from 'vitest'
import { z } from 'zod'
import { SHIPPED_JOBS } from '../../../seeds/jobs.ts'
import { NewUserBody, ProfileBody, TokenBody, UserBody } from '../../../server/accounts/account-shapes.ts'
import { CreateRequestBody } from '../../../server/file-requests/file-request-shapes.ts'
import { assertCron } from '../../../server/jobs/cron-moments.ts'
import { createJobActions, deliverWebhook, pruneHistory } from '../../../server/jobs/job-actions.ts'
import { JobInput, parsed, ScheduleInput, StepInput } from '../../../server/jobs/job-shapes.ts'
import { createTranslator, patternOf } from '../../../server/languages/translator.ts'
import { CHINESE } from '../../../server/languages/zh/catalogue.ts'
import { createUploadBody } from '../../../server/uploads/upload-shapes.ts'
import { fullSentences, serverSentences } from '../../helpers/server-sentences.ts'

/** Whatever can be said is said in Chinese as well: a new refusal without a translation fails here. */

const translate = createTranslator(CHINESE)

/** Command lines speak English: `mayfly`, imports from Plik, and what a start says of its settings. */
const isForPeople = (file: string): boolean =>
  !/^cli(-\w+)?\.ts$|^plik\/|^config\.ts$|^setting|^database\/backup\.ts$/.test(file)

/** What is said elsewhere than in an `AppError`: by Fastify, the router, and about the states of files. */
const OTHERS = ['404 page not found', 'internal server error', 'missing', 'uploading', 'uploaded', 'deleted']

/** What is wrong with each field of a shape that is filled with rubbish. */
function findings(shape: z.ZodType): string[] {
  const rubbish = [
    undefined,
    null,
    '',
    '\0',
    'x'.repeat(2_000),
    -5,
    1e15,
    1.5,
    Number.NaN,
    true,
    [],
    {},
    Array(101).fill(''),
  ]
  const { properties = {} } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' })
  const candidates = Object.keys(properties).flatMap((key) => rubbish.map((value) => ({ [key]: value })))
  const issues = [...candidates, { a: 1 }, { a: 1, b: 2 }].flatMap(
    (candidate) => shape.safeParse(candidate).error?.issues ?? [],
  )
  return issues.map(({ message }) => message)
}

/** Why something is refused. */
function refusalOf(act: () => unknown): string {
  try {
    return `allowed: ${act()}`
  } catch (error) {
    return (error as Error).message
  }
}

const WRONG_CRONS = [
  'a * * * *',
  '* 25 * * *',
  '* * 32 * *',
  '* * * 13 *',
  '* * * * 9',
  '61 * * * * *',
  '* * 31 2 *',
  '* * *',
  '* * L * *',
  '{}',
]

const SHAPES = [
  JobInput,
  StepInput,
  ScheduleInput,
  NewUserBody,
  UserBody,
  ProfileBody,
  TokenBody,
  CreateRequestBody,
  createUploadBody(1000),
]
/** What jobs say about themselves and their runs. */
const HISTORY = ['agent', 'job-actions', 'job-runner', 'runs-repo'].flatMap((name) => fullSentences(`jobs/${name}.ts`))
const ACTIONS = createJobActions({} as Parameters<typeof createJobActions>[0])
const ALL_ACTIONS = [
  ...Object.values(ACTIONS),
  pruneHistory(
    async () => 0,
    async () => [],
    () => 0,
  ),
  deliverWebhook({} as Parameters<typeof deliverWebhook>[0]),
]
const DESCRIPTIONS = [...ALL_ACTIONS, ...SHIPPED_JOBS.jobs].map(({ description = '' }) => description)

const said = [
  ...serverSentences(isForPeople),
  ...OTHERS,
  ...SHAPES.flatMap(findings),
  ...ALL_ACTIONS.flatMap(({ parameters }) => findings(parameters)),
  ...WRONG_CRONS.map((cron) => refusalOf(() => assertCron(cron))),
  ...HISTORY,
  ...DESCRIPTIONS,
]

test('the scan of the source knows what everybody knows', () => {
  expect(said.length).toBeGreaterThan(200)
  expect(said).toContain('upload {} has expired')
  expect(said).toContain('reference is too long, maximum length is {} bytes')
  expect(said).toContain('please provide valid credentials to access this upload : invalid credentials')
  expect(said).toContain('must be 1 to 100 letters, digits, spaces or _.:()-')
  expect(said).toContain('{} files read, {} broken; the rest is left to the next run.')
  expect(said).toContain('cron "* * *": expected 5 or 6 fields but got 3')
})

test('every refusal has a translation', () => {
  expect(said.filter((sentence) => translate(sentence) === undefined)).toEqual([])
})

test('no English phrase is left in a translation', () => {
  const translations = [...new Set(said)].map((sentence) => translate(sentence) ?? '')

  expect(translations.filter((text) => /[a-z]{2,} [a-z]{2,}/.test(text.replace('npm run build', '')))).toEqual([])
})

test('nothing is translated that nobody says', () => {
  const all = [...new Set(said)].flatMap(withReasons)

  expect(
    Object.keys(CHINESE.sentences).filter((key) => !all.some((sentence) => patternOf(key).test(sentence))),
  ).toEqual([])
})

/** A sentence, and what stands behind each of its colons. */
const withReasons = (sentence: string): string[] =>
  sentence.split(': ').map((_, index, parts) => parts.slice(index).join(': '))

test('what was put in stands where it belongs', () => {
  expect(translate('file is too big (12 GB), maximum file size is 10 GB')).toBe('文件太大（12 GB），单个文件最大 10 GB')
  expect(translate('upload a.b*c(d not found')).toBe('找不到上传 a.b*c(d')
})

test('a reason is translated with the sentence that it is the reason of', () => {
  expect(translate('unable to create user : login is too short (min 4 chars)')).toBe(
    '无法创建用户：用户名太短（至少 4 个字符）',
  )
  expect(translate('file a.txt (id) is not available : deleted')).toBe('无法获取文件 a.txt（已删除）')
  expect(translate('unable to create upload : something new')).toBe('something new')
})

test('the end of a run is translated with its cause', () => {
  expect(translate('The job was stopped by an operator. The last step to run was step 2 (a (b)).')).toBe(
    '作业被人为停止。最后运行的是步骤 2 (a (b))。',
  )
})

test('fields are called by their names, and counted from one', () => {
  const job = { name: 'a/b', steps: [{ name: 'a', action: 'b', retryAttempts: 1.5 }] }

  expect(translate(refusalOf(() => parsed(JobInput, job)))).toBe(
    '名称：应为 1 到 100 个文字、数字、空格或 _.:()-；步骤 1 额外尝试次数：应为整数',
  )
  expect(translate('body/name Invalid input, body/steps/2/action Invalid input')).toBe('名称：无效；步骤 3 操作：无效')
})

test('what nobody has translated is left to who asks', () => {
  expect(translate('a sentence from nowhere')).toBeUndefined()
  expect(translate('name: a sentence from nowhere')).toBeUndefined()
  expect(translate('')).toBeUndefined()
})
