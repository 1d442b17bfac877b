/** Languages that people are spoken to in; the first is what everybody gets who reads none of them. */
export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]
