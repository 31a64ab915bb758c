import { drawnNamed } from '../../dsl/kit/radius.js'

/**
 * Options as text, such as `rate 4 · steps 40`, in lines of at most `width` characters; a long option breaks after
 * commas.
 */
export const drawValues = (values: Readonly<Record<string, unknown>>, width: number): string =>
  pairsOf(values)
    .reduce<string[]>((lines, pair) => {
      const last = lines.at(-1)
      const joined = `${last} · ${pair}`
      const isFull = last === undefined || last.startsWith(INDENT) || joined.length > width
      return isFull ? [...lines, ...linesOf(pair, width)] : [...lines.slice(0, -1), joined]
    }, [])
    .join('\n')

const INDENT = '  '

/** The lines of one option: after the first they are indented. */
const linesOf = (pair: string, width: number): readonly string[] =>
  pair.split(/(?<=,) /).reduce<string[]>((lines, part) => {
    const last = lines.at(-1)
    if (last === undefined) return [part]
    const joined = `${last} ${part}`
    return joined.length > width ? [...lines, `${INDENT}${part}`] : [...lines.slice(0, -1), joined]
  }, [])

const pairsOf = (values: object): string[] =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${drawValue(key, value)}`)

/** A record that has a name reads like the call that made it: `pgd(epsilon 0.3, steps 40)`. */
const drawValue = (key: string, value: unknown): string => {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map((one) => drawValue(key, one)).join(', ')
  if (typeof value !== 'object' || value === null) return drawnNamed(key, value)
  const { name, ...rest } = value as { readonly name?: unknown }
  const called = typeof name === 'string' ? name : ''
  const pairs = pairsOf(called === '' ? value : rest)
  return called !== '' && pairs.length === 0 ? called : `${called}(${pairs.join(', ')})`
}
