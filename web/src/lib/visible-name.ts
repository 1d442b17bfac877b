/** Characters that change the display order of others (UAX #9): `photo\u202Egpj.exe` would look like `photoexe.jpg`. */
const BIDI_CONTROLS = /\p{Bidi_Control}/gu

/** Makes bidirectional control characters in a name visible as `[U+202E]`, so that it can't mislead. */
export const visibleName = (name: string): string =>
  name.replace(
    BIDI_CONTROLS,
    (character) => `[U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
  )
