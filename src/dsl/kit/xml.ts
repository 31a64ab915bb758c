const entities: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

const characters: ReadonlyMap<string, string> = new Map([...entities].map(([character, entity]) => [entity, character]))

/**
 * Escapes text for XML and HTML, in elements and in quoted attributes. Characters that XML can't contain, even escaped,
 * become a replacement character.
 */
export const escapeXml = (text: string): string =>
  text
    .replace(/[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD')
    .replace(/[&<>"']/g, (character) => entities.get(character) ?? character)

/** Converts text that `escapeXml` escaped back. */
export const unescapeXml = (text: string): string =>
  text.replace(/&#?\w+;/g, (entity) => characters.get(entity) ?? entity)
