import { createTranslator } from '../../../server/i18n/translator.ts'
import { CHINESE } from '../../../server/i18n/zh/catalogue.ts'

/** Loaded by who reads Chinese, and by nobody else. */
export const translate = createTranslator(CHINESE)
