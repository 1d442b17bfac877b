import { entryNames } from '../../../server/downloads/archive-names.ts'
import { archiveUrl, fileUrl } from './links.ts'
import { isIdentity } from './secret.ts'
import type { View, ViewFile } from './view.ts'

/** Download commands for a POSIX shell. Pure. */

/**
 * One file is downloaded as it is, several as an archive. Encrypted files are downloaded one by one, since an archive would
 * contain ciphertext. They keep their folders and get the same safe names as in an archive, so that none overwrites another.
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

/** age asks for a passphrase itself. A key is passed in a file, because other users could see it on the command line. */
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

/** Prefixes names that would be read as an option or as standard output. */
const quotedPath = (path: string): string => quoted(path.startsWith('-') ? `./${path}` : path)
