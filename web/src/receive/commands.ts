import { entryNames } from '../../../server/downloads/archive-names.ts'
import { archiveUrl, fileUrl } from './links.ts'
import { isIdentity } from './secret.ts'
import type { View, ViewFile } from './view.ts'

/** What to type into a terminal, for a POSIX shell. Pure. */

/**
 * One file as it is, several as an archive; encrypted ones one by one, since their archive is encrypted file by file. They keep
 * their folders, and are called as safely as they would be in an archive, so that none takes the place of another.
 */
export function commandOf(view: View): string {
  const files = view.files.filter(({ isThere }) => isThere)
  const commands = view.secret === undefined ? [plainCommand(view, files)] : sealedCommands(view, files, view.secret)
  return commands.join(' && ')
}

function plainCommand(view: View, files: ViewFile[]): string {
  const [only] = files
  if (!only || files.length > 1) return `curl -fOJ ${loginOf(view)}${quoted(archiveUrl(view.upload))}`
  const [name = ''] = entryNames([baseName(only)])
  return `curl -f ${loginOf(view)}-o ${quotedPath(name)} ${quoted(fileUrl(view.upload, only.file))}`
}

/** age asks for a passphrase itself. It takes no key on its command line, where other users could see it, so that has a file. */
function sealedCommands(view: View, files: ViewFile[], secret: string): string[] {
  const [keyFile = '', ...names] = entryNames([`mayfly-${view.upload.id.slice(0, 6)}.key`, ...files.map(pathOf)])
  const folders = [...new Set(names.flatMap((name) => /.*(?=\/)/.exec(name)?.[0] ?? []))]
  const make = folders.length > 0 ? [`mkdir -p ${folders.map(quotedPath).join(' ')}`] : []
  const identity = isIdentity(secret) ? `-i ${quoted(keyFile)} ` : ''
  const open = files.map(
    ({ file }, i) =>
      `curl -fsS ${loginOf(view)}${quoted(fileUrl(view.upload, file))} | age -d ${identity}-o ${quotedPath(names[i] as string)}`,
  )
  if (identity === '') return [...make, ...open]
  return [`(umask 77; echo ${quoted(secret)} > ${quoted(keyFile)})`, ...make, ...open, `rm ${quoted(keyFile)}`]
}

const pathOf = ({ path }: ViewFile): string => path
const baseName = ({ path }: ViewFile): string => path.slice(path.lastIndexOf('/') + 1)

/** curl asks for the password. */
const loginOf = ({ upload, access }: View): string => (upload.protectedByPassword || access.password ? '-u plik ' : '')

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** A file that is called like an option, or like the standard output. */
const quotedPath = (path: string): string => quoted(path.startsWith('-') ? `./${path}` : path)
