import { readFileSync, statSync } from 'node:fs'

const PACKAGE = new URL('../../package.json', import.meta.url)

export const VERSION: string = JSON.parse(readFileSync(PACKAGE, 'utf8')).version
export const RELEASED_AT_SECONDS = Math.floor(statSync(PACKAGE).mtimeMs / 1000)
