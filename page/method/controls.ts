import { element, setAttribute, setText } from '../element.js'

/** A slider with a label and its value. */
export interface Slider {
  readonly node: HTMLElement
  readonly value: () => number
  /** Replaces the values. The slider moves to the largest one that is not above the reader's choice. */
  readonly offer: (values: readonly number[]) => void
}

/** Options of {@link slider}. */
export interface SliderOptions {
  readonly label: string
  /** The values in order. */
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

/** A slider through a list of values. */
export const slider = ({ label, values, start, format, onchange }: SliderOptions): Slider => {
  let offered = values
  /** The reader's last choice, even if it is not among the current values. */
  let chosen = start
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
      chosen = value()
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
          others.findLastIndex((other) => other <= chosen),
        ),
      )
      input.disabled = others.length < 2
      say()
    },
  }
}

/** A drop-down list. @param names the texts of the choices */
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

/** A button. */
export const button = (label: string, onclick: () => void): HTMLButtonElement =>
  element('button', { type: 'button', onclick }, label)

/** Named numbers in a row. */
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

/** `count` values from `from` to `to`, evenly spaced on a logarithmic scale, with three digits. */
export const logarithmic = (from: number, to: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => Number((from * (to / from) ** (i / (count - 1))).toPrecision(3)))
