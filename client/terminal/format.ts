/** Formats numbers and lists for the terminal. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function bytesText(bytes: number): string {
  const exponent = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** exponent
  return `${exponent === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[exponent]}`
}

/** Formats a duration with its two largest units: `3 d 4 h`, `2 min 5 s`, `9 s`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const
  const first = parts.findIndex(([count]) => count > 0)
  const shown = parts.slice(first === -1 ? 3 : first).slice(0, 2)
  const [most, next] = shown.map(([count, unit]) => `${count} ${unit}`)
  return next === undefined || shown[1]?.[0] === 0 ? `${most}` : `${most} ${next}`
}

/** The time until `moment`; undefined: no expiry. */
export const leftText = (moment: Date | undefined): string =>
  moment === undefined ? 'never' : `in ${durationText((moment.getTime() - Date.now()) / 1000)}`

/** The name of a single file, or the number of files. */
export const namesText = (files: readonly { name: string }[]): string =>
  files.length === 1 ? (files[0]?.name ?? '') : `${files.length} files`

/** Total size in bytes. */
export const sizeOf = (files: readonly { size: number }[]): number => files.reduce((sum, { size }) => sum + size, 0)
