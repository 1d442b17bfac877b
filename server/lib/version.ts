import { readFileSync, statSync } from 'node:fs'
import { rootFile } from './program-files.ts'

const PACKAGE = rootFile('package.json')

export const VERSION: string = JSON.parse(readFileSync(PACKAGE, 'utf8')).version
export const RELEASED_AT_SECONDS = Math.floor(statSync(PACKAGE).mtimeMs / 1000)
