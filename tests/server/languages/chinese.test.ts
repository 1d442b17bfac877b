import { expect, test } from 'vitest'
import { z } from 'zod'
import { SHIPPED_JOBS } from '../../../seeds/jobs.ts'
import { ERRORS } from '../../../server/errors/catalogue.ts'
import { assertCron } from '../../../server/jobs/cron-moments.ts'
import { createJobActions, deliverWebhook, pruneHistory } from '../../../server/jobs/job-actions.ts'
import { JobInput } from '../../../server/jobs/job-shapes.ts'
import { createHistoryTranslator, patternOf } from '../../../server/languages/history.ts'
import { createTranslator } from '../../../server/languages/translator.ts'
import { CHINESE, CHINESE_HISTORY } from '../../../server/languages/zh/catalogue.ts'
import { HISTORY } from '../../../server/languages/zh/history.ts'
import { AppError } from '../../../server/lib/errors.ts'
import { parsed, storedText } from '../../../server/lib/shapes.ts'
import { historySentences } from '../../helpers/history-sentences.ts'

/** Types require a translation of every error; these tests are about what is in them. */

const translate = createTranslator(CHINESE)
const translateHistory = createHistoryTranslator(CHINESE_HISTORY)

const inChinese = ({ id, parameters }: AppError): string | undefined => translate(id, parameters)

/** What an act is refused with. */
function refusalOf(act: () => unknown): AppError {
  try {
    act()
  } catch (error) {
    if (error instanceof AppError) return error
  }
  throw new Error('it was not refused')
}

const holesIn = (sentence: string): string[] => sentence.match(/\{[^}]*\}/g) ?? []

test('a translation is filled with what its error knows', () => {
  const unknown = Object.entries(ERRORS).flatMap(([id, [, english]]) => {
    const known = holesIn(english)
    return holesIn(CHINESE.errors[id as keyof typeof ERRORS])
      .filter((hole) => !known.includes(hole))
      .map((hole) => `${id}: ${hole}`)
  })

  expect(unknown).toEqual([])
})

const SAID_AS_IT_IS = /npm run build|Content-Type|curl -T NAME|Mayfly|PostgreSQL/g

test('no English phrase is left in a translation', () => {
  const translations = [CHINESE.errors, CHINESE.problems, CHINESE_HISTORY].flatMap((sentences) =>
    Object.values(sentences),
  )

  expect(translations.filter((text) => /[a-z]{2,} [a-z]{2,}/.test(text.replaceAll(SAID_AS_IT_IS, '')))).toEqual([])
})

test('what was put in stands where it belongs', () => {
  const tooLarge = new AppError('declared_file_too_large', { size: 12_000_000_000, max: 10_000_000_000 })

  expect(inChinese(tooLarge)).toBe('文件太大（12 GB），单个文件最大 10 GB')
  expect(inChinese(new AppError('upload_not_found', { id: 'a.b*c($1' }))).toBe('找不到上传 a.b*c($1')
  expect(inChinese(new AppError('account_text_too_long', { field: 'login', max: 1024 }))).toBe(
    '用户名太长（最多 1024 字节）',
  )
  expect(inChinese(new AppError('file_not_available', { name: 'a.txt', id: 'x', status: 'deleted' }))).toBe(
    '无法获取文件 a.txt（已删除）',
  )
})

test('fields are called by their names, and counted from one', () => {
  const job = { name: 'a/b', steps: [{ name: 'a', action: '\0', retryAttempts: 1.5 }, { name: 'b' }] }

  expect(inChinese(refusalOf(() => parsed(JobInput, job)))).toBe(
    '名称：应为 1 到 100 个文字、数字、空格或 _.:()-；步骤 1 操作：不能包含 NUL 字符；' +
      '步骤 1 额外尝试次数：应为整数；步骤 2 操作：必须填写',
  )
  expect(inChinese(refusalOf(() => assertCron('61 25 * * *')))).toBe('Cron 表达式“61 25 * * *”：分：无效；时：无效')
})

test('whatever is wrong with a field is said of it', () => {
  const shape = z.strictObject({
    text: storedText(3),
    number: z.number().min(1).max(2),
    list: z.array(z.string()).min(1).max(2),
    flag: z.boolean(),
    choice: z.enum(['a', 'b']),
    one: z.literal('x'),
  })
  const said = (input: unknown) => inChinese(refusalOf(() => parsed(shape, input)))
  const right = { text: '', number: 1, list: [''], flag: true, choice: 'a', one: 'x' }

  expect(said({ ...right, text: 'long' })).toBe('text：太长，最多 3 个字符')
  expect(said({ ...right, text: null, flag: 1 })).toBe('text：应为文字；flag：应为是或否')
  expect(said({ ...right, number: 0, list: [] })).toBe('number：太小，最小为 1；list：太少，至少 1 个')
  expect(said({ ...right, number: 3, list: ['', '', ''] })).toBe('number：太大，最大为 2；list：太多，最多 2 个')
  expect(said({ ...right, choice: 'c', one: 'y' })).toBe('choice：可用的有 a, b；one：应为 x')
  expect(said({ ...right, a: 1, b: 2 })).toBe('不认识 a, b')
})

test('a sentence that is not in the catalogue has no translation', () => {
  expect(translate('an_error_of_tomorrow', {})).toBeUndefined()
  expect(translate('constructor', {})).toBeUndefined()
})

/** What jobs say about themselves and their runs. */
const SENTENCES = ['agent', 'job-actions', 'job-runner', 'runs-repo'].flatMap((name) => historySentences(`${name}.ts`))
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
const IN_HISTORY = [...SENTENCES, ...DESCRIPTIONS]

test('the history of jobs is translated, and nothing that no job says', () => {
  expect(IN_HISTORY).toContain('{} files read, {} broken; the rest is left to the next run.')
  expect(IN_HISTORY.filter((sentence) => translateHistory(sentence) === undefined)).toEqual([])
  expect(Object.keys(HISTORY).filter((key) => !IN_HISTORY.some((sentence) => patternOf(key).test(sentence)))).toEqual(
    [],
  )
})

test('the end of a run is translated with its cause', () => {
  expect(translateHistory('The job was stopped by an operator. The last step to run was step 2 (a (b)).')).toBe(
    '作业被人为停止。最后运行的是步骤 2 (a (b))。',
  )
  expect(translateHistory(new AppError('no_space').message)).toBe('服务器空间不足')
  expect(translateHistory('a sentence from nowhere')).toBeUndefined()
})
