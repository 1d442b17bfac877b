const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']

/**
 * Bytes for people: `10 B`, `1.5 MB`, `10 GB`; steps of 1000, one decimal below 10.
 * Character for character what Plik prints (`Bytes` of go-humanize), because its tests compare the messages.
 */
export function formatSize(bytes: number): string {
  if (bytes < 10) return `${bytes} B`
  const exponent = Math.floor(Math.log(bytes) / Math.log(1000))
  const tenths = Math.floor((bytes / 1000 ** exponent) * 10 + 0.5)
  const value = tenths < 100 ? (tenths / 10).toFixed(1) : roundHalfToEven(tenths / 10)
  return `${value} ${UNITS[exponent]}`
}

/** Like Go's `%.0f`: 12.5 becomes 12 and 13.5 becomes 14, while `toFixed` returns 13 and 14. */
function roundHalfToEven(value: number): number {
  const rounded = Math.round(value)
  return value % 1 === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded
}
