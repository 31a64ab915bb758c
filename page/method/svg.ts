const SPACE = 'http://www.w3.org/2000/svg'

type Attributes = Readonly<Record<string, string | number>>

/** An SVG element. */
export const shape = (
  name: string,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): SVGElement => {
  const made = document.createElementNS(SPACE, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.append(...children)
  return made
}

/** An SVG drawing; `draw` replaces its shapes and its description for screen readers. */
export const drawing = (width: number, height: number) => {
  const node = shape('svg', {
    class: width === height ? 'chart square' : 'chart',
    role: 'img',
    viewBox: `0 0 ${width} ${height}`,
  })
  return {
    node,
    draw: (words: string, ...shapes: readonly Node[]): void => {
      node.setAttribute('aria-label', words)
      node.replaceChildren(...shapes)
    },
  }
}
