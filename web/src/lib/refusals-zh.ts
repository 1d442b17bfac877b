import { createTranslator } from '../../../server/languages/translator.ts'
import { CHINESE } from '../../../server/languages/zh/catalogue.ts'

/** Loaded by who reads Chinese, and by nobody else. */
export const translate = createTranslator(CHINESE)
