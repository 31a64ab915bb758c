import { escapeXml } from '../../dsl/kit/xml.js'

/** A piece of HTML that is safe to insert into a page. */
export interface Html {
  readonly html: string
}

type Part = Html | string | number | undefined | readonly Part[]

/** A template of HTML. Inserted text is escaped, HTML is not; lists are joined, undefined is left out. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  html: strings.map((text, i) => text + (i < parts.length ? drawn(parts[i]) : '')).join(''),
})

/** Marks text as HTML, so that it is not escaped: only for styles and pictures that this package generates. */
export const raw = (text: string): Html => ({ html: text })

const drawn = (part: Part): string => {
  if (part === undefined) return ''
  if (typeof part === 'string') return escapeXml(part)
  if (typeof part === 'number') return String(part)
  return isList(part) ? part.map(drawn).join('') : part.html
}

const isList = (part: Html | readonly Part[]): part is readonly Part[] => Array.isArray(part)

/**
 * A table that may be wider than the page: it scrolls separately, by keyboard too.
 *
 * @param label describes its content
 */
export const scrolling = (label: string, table: Html): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`
