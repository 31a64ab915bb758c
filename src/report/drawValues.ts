/** Options as text, each like `rate 4`, broken into lines of at most `width` characters. */
export const drawValues = (values: Readonly<Record<string, unknown>>, width: number): string =>
  pairsOf(values)
    .reduce<string[]>((lines, pair) => {
      const last = lines.at(-1)
      const joined = `${last} · ${pair}`
      return last === undefined || joined.length > width ? [...lines, pair] : [...lines.slice(0, -1), joined]
    }, [])
    .join('\n')

const pairsOf = (values: object): string[] =>
  Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${drawValue(value)}`)

/** A record that has a name reads like the call that made it: `pgd(epsilon 0.3, steps 40)`. */
const drawValue = (value: unknown): string => {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(drawValue).join(', ')
  if (typeof value !== 'object' || value === null) return String(value)
  const { name, ...rest } = value as { readonly name?: unknown }
  const called = typeof name === 'string' ? name : ''
  const pairs = pairsOf(called === '' ? value : rest)
  return called !== '' && pairs.length === 0 ? called : `${called}(${pairs.join(', ')})`
}
