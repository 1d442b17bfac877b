import { createHistoryTranslator } from '../../../server/languages/history.ts'
import { createTranslator } from '../../../server/languages/translator.ts'
import { CHINESE, CHINESE_HISTORY } from '../../../server/languages/zh/catalogue.ts'

/** Loaded only if the page is in Chinese. */
export const translate = createTranslator(CHINESE)
export const translateHistory = createHistoryTranslator(CHINESE_HISTORY)
