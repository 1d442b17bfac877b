/** A table for people: each column is as wide as its longest cell, with two spaces between columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(onOneLine))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const textOf = (line: string[]) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')
  return lines.map((line) => `${textOf(line).trimEnd()}\n`).join('')
}

/** Names and comments are untrusted: control characters must not reach the terminal. */
const onOneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, '\uFFFD')
