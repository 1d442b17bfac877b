/**
 * A name on the server has no folders, since a name that had could lead anywhere. The path of a file from a folder is kept
 * with a slash that is none: U+2215 looks like one, and every file system takes it. Pure.
 */
const SLASH = '\u2215'

export const nameOfPath = (path: string): string => path.replaceAll('/', SLASH)
export const pathOfName = (name: string): string => name.replaceAll(SLASH, '/')
