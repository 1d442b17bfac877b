import { ACCOUNT_ERRORS } from './accounts.ts'
import { DOWNLOAD_ERRORS } from './downloads.ts'
import { FILE_REQUEST_ERRORS } from './file-requests.ts'
import { HTTP_ERRORS } from './http.ts'
import { IMAGE_ERRORS } from './images.ts'
import { JOB_ERRORS } from './jobs.ts'
import { OPERATION_ERRORS } from './operation.ts'
import { RESUMABLE_ERRORS } from './resumable.ts'
import type { ParametersIn } from './sentence.ts'
import { UPLOAD_ERRORS } from './uploads.ts'

/** All errors that the server sends. */
export const ERRORS = {
  ...UPLOAD_ERRORS,
  ...FILE_REQUEST_ERRORS,
  ...RESUMABLE_ERRORS,
  ...DOWNLOAD_ERRORS,
  ...IMAGE_ERRORS,
  ...ACCOUNT_ERRORS,
  ...JOB_ERRORS,
  ...HTTP_ERRORS,
  ...OPERATION_ERRORS,
}

export type ErrorId = keyof typeof ERRORS

/** The parameters of an error's sentence. */
export type ParametersOf<Id extends ErrorId> = ParametersIn<(typeof ERRORS)[Id][1]>
