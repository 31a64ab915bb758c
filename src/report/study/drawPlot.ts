import { type PlotOptions, plot } from '@observablehq/plot'
import { parseHTML } from 'linkedom'

/** The part of an SVG element that is used here. */
interface Drawn {
  readonly outerHTML: string
  readonly setAttribute: (name: string, value: string) => void
}

/** Draws a plot without a browser, as a self-contained SVG file. */
export const drawPlot = (options: PlotOptions): string => {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const svg: Drawn = plot({ ...options, document, style: { background: 'white', color: 'black' } })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${svg.outerHTML}\n`
}
