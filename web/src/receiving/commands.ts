import { archiveUrl, fileUrl } from './links.ts'
import type { View, ViewFile } from './view.ts'

/** What to type into a terminal. Pure. */

/** One file as it is, several as an archive; encrypted ones one by one, since their archive is encrypted file by file. */
export function commandsOf(view: View): string[] {
  const { upload, access, secret } = view
  const files = view.files.filter(({ isThere }) => isThere)
  const auth = upload.protectedByPassword || access.password ? '-u plik ' : ''
  if (secret !== undefined) return [keyCommand(secret), ...files.map((file) => openCommand(view, file, auth))]
  const [only] = files
  if (only && files.length === 1)
    return [`curl ${auth}-o ${quoted(nameOf(only))} ${quoted(fileUrl(upload, only.file))}`]
  return [`curl ${auth}-OJ ${quoted(archiveUrl(upload))}`]
}

/** Through a file, since age takes no key on its command line, where other users could see it. */
const keyCommand = (secret: string): string => `echo ${quoted(secret)} > key.txt`

const openCommand = ({ upload }: View, one: ViewFile, auth: string): string =>
  `curl -s ${auth}${quoted(fileUrl(upload, one.file))} | age -d -i key.txt -o ${quoted(nameOf(one))}`

const nameOf = ({ path }: ViewFile): string => path.slice(path.lastIndexOf('/') + 1)

/** For a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`
