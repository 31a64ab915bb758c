type Child = Node | string | undefined | readonly Child[]

type Properties = Readonly<Record<string, string | number | boolean | ((event: Event) => void) | undefined>>

/** Creates an element with attributes, listeners (`onclick`) and children. Strings become text, never HTML. */
export const element = <T extends keyof HTMLElementTagNameMap>(
  tag: T,
  properties: Properties = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[T] => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value)
    else if (value === true) made.setAttribute(name, '')
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value))
  }
  append(made, children)
  return made
}

const append = (to: Node, children: readonly Child[]): void => {
  for (const child of children) {
    if (child === undefined) continue
    if (typeof child === 'string') to.appendChild(document.createTextNode(child))
    else if (child instanceof Node) to.appendChild(child)
    else append(to, child)
  }
}

/** Sets a node's text, unless it is the same. */
export const setText = (node: Node, text: string): void => {
  if (node.textContent !== text) node.textContent = text
}

/** Sets an attribute, unless it is the same. */
export const setAttribute = (node: Element, name: string, value: string): void => {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

/** Replaces an element's content, unless it was made from equal data. @param from data that determines the content */
export const refill = (node: HTMLElement, from: unknown, make: () => readonly Child[]): void => {
  const key = JSON.stringify(from) ?? ''
  if (filled.get(node) === key) return
  filled.set(node, key)
  node.replaceChildren()
  append(node, make())
}

const filled = new WeakMap<HTMLElement, string>()
