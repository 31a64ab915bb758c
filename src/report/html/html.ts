import { escapeXml } from '../../dsl/kit/xml.js'

/**
 * Holds markup. What makes a value markup is this class, which JSON can't produce: an object from a file that looks like
 * one is text.
 */
class Markup {
  readonly #html: string

  constructor(html: string) {
    this.#html = html
  }

  /** The markup itself. */
  get html(): string {
    return this.#html
  }
}

/** A piece of HTML that is safe to insert into a page. Only the template `html` and `raw` make one. */
export type Html = Markup

type Part = Html | string | number | undefined | readonly Part[]

/**
 * A template of HTML. HTML is inserted as it is, lists are joined, undefined is left out. Everything else is escaped as
 * text, objects as their JSON: values from files may differ from their types.
 */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Markup(strings.map((text, i) => text + (i < parts.length ? drawn(parts[i]) : '')).join(''))

/** Marks text as HTML, so that it is not escaped: only for styles and pictures that this package generates. */
export const raw = (text: string): Html => new Markup(text)

const drawn = (part: unknown): string => {
  if (part === undefined) return ''
  if (part instanceof Markup) return part.html
  if (Array.isArray(part)) return part.map(drawn).join('')
  return escapeXml(typeof part === 'object' ? JSON.stringify(part) : String(part))
}

/**
 * A table that may be wider than the page: it scrolls separately, by keyboard too.
 *
 * @param label describes its content
 */
export const scrolling = (label: string, table: Html): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`
