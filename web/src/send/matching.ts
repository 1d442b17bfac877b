/** Matches files that were chosen again with unfinished ones. Pure. */

interface Left {
  path: string
  size: number
  modified: number
}

interface Chosen {
  path: string
  bytes: { size: number; lastModified: number }
}

export interface Match<L extends Left, C extends Chosen> {
  left: L
  chosen: C
}

/**
 * Each file is matched at most once. Browsers report the path of a file only if a folder was chosen. Otherwise files of the same
 * name and size are distinguished by their modification time; if that is not possible, none of them is matched.
 */
export function matched<L extends Left, C extends Chosen>(left: readonly L[], files: readonly C[]): Match<L, C>[] {
  const exact = matchedBy(left, files, ({ path }, chosen) => path === chosen.path, firstOf)
  const [leftOver, filesOver] = without(exact, left, files)
  return [...exact, ...matchedBy(leftOver, filesOver, isSameEnding, onlyOneOf)]
}

function matchedBy<L extends Left, C extends Chosen>(
  left: readonly L[],
  files: readonly C[],
  isLike: (left: Left, chosen: Chosen) => boolean,
  pick: (alike: readonly L[]) => L | undefined,
): Match<L, C>[] {
  const matches: Match<L, C>[] = []
  for (const chosen of files) {
    const [open] = without(matches, left, files)
    const alike = open.filter((one) => one.size === chosen.bytes.size && isLike(one, chosen))
    const sameTime = alike.filter(({ modified }) => modified === chosen.bytes.lastModified)
    const found = pick(sameTime.length > 0 ? sameTime : alike)
    if (found) matches.push({ left: found, chosen })
  }
  return matches
}

/** Files with the same path are interchangeable. */
const firstOf = <L>([first]: readonly L[]) => first
const onlyOneOf = <L>(alike: readonly L[]) => (alike.length === 1 ? alike[0] : undefined)

const isSameEnding = ({ path }: Left, chosen: Chosen): boolean =>
  path.endsWith(`/${chosen.path}`) || chosen.path.endsWith(`/${path}`)

function without<L extends Left, C extends Chosen>(
  matches: readonly Match<L, C>[],
  left: readonly L[],
  files: readonly C[],
) {
  return [
    left.filter((one) => !matches.some((match) => match.left === one)),
    files.filter((one) => !matches.some((match) => match.chosen === one)),
  ] as const
}
