/**
 * Characters that don't show but act: control characters (C0 without tab and line feed, DEL, C1), the line and paragraph
 * separators, marks that change the direction of text, and lone surrogates.
 */
const acting =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/**
 * Text that shows as it is: characters that a terminal obeys, or that change the direction of text, become escape
 * sequences that can be read (`\u001b`). Tabs and line feeds stay. JSON stays equal JSON.
 */
export const printable = (text: string): string => text.replace(acting, escaped)

/** The same in one line: line feeds and tabs are escaped, too. For names from files. */
export const printableLine = (text: string): string => printable(text).replace(/[\t\n]/g, escaped)
