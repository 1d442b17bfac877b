/** Rows for people: each column as wide as its longest cell, with two spaces between columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(onOneLine))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const textOf = (line: string[]) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return lines.map((line) => `${textOf(line).trimEnd()}\n`).join('')
}

/** Names and comments come from strangers: what moves the cursor of a terminal must not reach it. */
const onOneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD')
