import { type PlotOptions, plot } from '@observablehq/plot'
import { parseHTML } from 'linkedom'

/** What is needed of a drawn element. */
interface Drawn {
  readonly outerHTML: string
  readonly setAttribute: (name: string, value: string) => void
}

/** Draws a plot without a browser: a picture that stands alone, as SVG. */
export const drawPlot = (options: PlotOptions): string => {
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const svg: Drawn = plot({ ...options, document, style: { background: 'white', color: 'black' } })
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${svg.outerHTML}\n`
}
