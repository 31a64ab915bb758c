import { element, setAttribute, setText } from '../element.js'

/** What a reader turns: a label, the control, and what it is at. */
export interface Slider {
  readonly node: HTMLElement
  readonly value: () => number
  /** Other values; it is at the largest that is not above what the reader chose. */
  readonly offer: (values: readonly number[]) => void
}

export interface SliderOptions {
  readonly label: string
  /** The values that it goes through. */
  readonly values: readonly number[]
  readonly start: number
  readonly format: (value: number) => string
  readonly onchange: () => void
}

let made = 0
const nextId = (): string => {
  made += 1
  return `control-${made}`
}

/** A slider through a list of values, in whatever steps they are. */
export const slider = ({ label, values, start, format, onchange }: SliderOptions): Slider => {
  let offered = values
  /** What the reader last chose, whether it is offered now or not. */
  let asked = start
  const id = nextId()
  const output = element('output', { for: id })
  const input = element('input', {
    id,
    type: 'range',
    min: 0,
    max: values.length - 1,
    step: 1,
    value: Math.max(0, values.indexOf(start)),
    oninput: () => {
      asked = value()
      say()
      onchange()
    },
  })
  const value = (): number => offered[input.valueAsNumber] ?? start
  const say = (): void => {
    setText(output, format(value()))
    setAttribute(input, 'aria-valuetext', format(value()))
  }
  say()
  return {
    node: element('div', { class: 'control' }, element('label', { for: id }, label), input, output),
    value,
    offer: (others) => {
      offered = others
      input.max = String(others.length - 1)
      input.value = String(
        Math.max(
          0,
          others.findLastIndex((other) => other <= asked),
        ),
      )
      input.disabled = others.length < 2
      say()
    },
  }
}

/** A choice among names. */
export const choice = <T extends string>(
  label: string,
  names: Readonly<Record<T, string>>,
  onchange: () => void,
): { readonly node: HTMLElement; readonly value: () => T } => {
  const id = nextId()
  const keys = Object.keys(names) as T[]
  const select = element(
    'select',
    { id, onchange },
    keys.map((key) => element('option', { value: key }, names[key])),
  )
  return {
    node: element('div', { class: 'control' }, element('label', { for: id }, label), select),
    value: () => keys[select.selectedIndex] ?? (keys[0] as T),
  }
}

export const button = (label: string, onclick: () => void): HTMLButtonElement =>
  element('button', { type: 'button', onclick }, label)

/** Numbers with their names, side by side. */
export const tiles = (names: readonly string[]) => {
  const values = names.map(() => element('dd'))
  return {
    node: element(
      'dl',
      { class: 'tiles' },
      names.map((name, i) => element('div', { class: 'tile' }, element('dt', {}, name), values[i])),
    ),
    set: (texts: readonly string[]): void => {
      for (const [i, node] of values.entries()) setText(node, texts[i] ?? '')
    },
  }
}

/** `count` values from `from` to `to`, each so many times the one before; three digits. */
export const logarithmic = (from: number, to: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => Number((from * (to / from) ** (i / (count - 1))).toPrecision(3)))
