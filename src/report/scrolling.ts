import { type Html, html } from './html.js'

/** A table that may be wider than the page: it scrolls by itself, by keyboard too. @param label says what it holds */
export const scrolling = (label: string, table: Html): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`
