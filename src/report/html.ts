/** A piece of HTML that is safe to put into a page. */
export interface Html {
  readonly html: string
}

type Part = Html | string | number | undefined | readonly Part[]

/** A template of HTML: what is put into it is escaped unless it is HTML itself; lists are joined, undefined is nothing. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: strings.map((text, i) => text + (i < parts.length ? drawn(parts[i]) : '')).join(''),
})

/** Text that is HTML already: styles and pictures made here. */
export const raw = (text: string): Html => ({ html: text })

const drawn = (part: Part): string => {
  if (part === undefined) return ''
  if (typeof part === 'string') return escaped(part)
  if (typeof part === 'number') return String(part)
  return isList(part) ? part.map(drawn).join('') : part.html
}

const isList = (part: Html | readonly Part[]): part is readonly Part[] => Array.isArray(part)

const entities: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => entities.get(character) ?? character)
