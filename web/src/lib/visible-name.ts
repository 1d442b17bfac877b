/** They change the order in which others are read (UAX #9): `photo\u202Egpj.exe` would look like `photoexe.jpg`. */
const BIDI_CONTROLS = /\p{Bidi_Control}/gu

/** A name as people may read it: what would deceive them stands in it as its code, `[U+202E]`. */
export const visibleName = (name: string): string =>
  name.replace(
    BIDI_CONTROLS,
    (character) => `[U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}]`,
  )
