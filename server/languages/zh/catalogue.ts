import { JOB_ERRORS } from '../../errors/jobs.ts'
import type { Topic } from '../../errors/kinds.ts'
import { OPERATION_ERRORS } from '../../errors/operation.ts'
import type { HistorySentences } from '../history.ts'
import type { Catalogue, Translation } from '../translator.ts'
import { ACCOUNT_ERRORS_ZH } from './accounts.ts'
import { DOWNLOAD_ERRORS_ZH } from './downloads.ts'
import { FIELDS } from './fields.ts'
import { FILE_REQUEST_ERRORS_ZH } from './file-requests.ts'
import { HISTORY } from './history.ts'
import { HTTP_ERRORS_ZH } from './http.ts'
import { IMAGE_ERRORS_ZH } from './images.ts'
import { JOB_ERRORS_ZH } from './jobs.ts'
import { OPERATION_ERRORS_ZH } from './operation.ts'
import { PROBLEMS_ZH } from './problems.ts'
import { RESUMABLE_ERRORS_ZH } from './resumable.ts'
import { UPLOAD_ERRORS_ZH } from './uploads.ts'

/** All error sentences in Chinese. */
export const CHINESE: Catalogue = {
  errors: {
    ...UPLOAD_ERRORS_ZH,
    ...FILE_REQUEST_ERRORS_ZH,
    ...RESUMABLE_ERRORS_ZH,
    ...DOWNLOAD_ERRORS_ZH,
    ...IMAGE_ERRORS_ZH,
    ...ACCOUNT_ERRORS_ZH,
    ...JOB_ERRORS_ZH,
    ...HTTP_ERRORS_ZH,
    ...OPERATION_ERRORS_ZH,
  },
  problems: PROBLEMS_ZH,
  fields: FIELDS,
  statuses: { missing: '尚未上传', uploading: '正在上传', uploaded: '已上传', deleted: '已删除' },
}

/** Errors that end runs of jobs are also part of the history. */
export const CHINESE_HISTORY: HistorySentences = {
  ...HISTORY,
  ...bySentence(JOB_ERRORS, JOB_ERRORS_ZH),
  ...bySentence(OPERATION_ERRORS, OPERATION_ERRORS_ZH),
}

function bySentence<Errors extends Topic>(errors: Errors, translations: Translation<Errors>): HistorySentences {
  return Object.fromEntries(
    Object.entries(errors).map(([id, [, sentence]]) => [sentence, translations[id] ?? sentence]),
  )
}
