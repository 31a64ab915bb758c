/** A value of a file with one field damaged. */
export interface Damage {
  /** Where: `terms.hsic`, `layers[0].size`; empty for the value as a whole. */
  readonly path: string
  readonly what: 'removed' | 'of another type'
  /** The damaged value. */
  readonly value: unknown
}

/** Every way to remove one field of a JSON value, or to replace one by a value of another type. */
export const damagesOf = (value: unknown, path = ''): readonly Damage[] => {
  const others = otherTypes(value).map((other): Damage => ({ path, what: 'of another type', value: other }))
  if (Array.isArray(value))
    return [
      ...others,
      ...value.flatMap((item, i) => within(damagesOf(item, `${path}[${i}]`), (one) => value.with(i, one))),
    ]
  if (!isObject(value)) return others
  const entries = Object.entries(value)
  return [
    ...others,
    ...entries.flatMap(([key, field]) => {
      const place = path === '' ? key : `${path}.${key}`
      const rest = Object.fromEntries(entries.filter(([other]) => other !== key))
      const inside = within(damagesOf(field, place), (one) => ({ ...value, [key]: one }))
      return [{ path: place, what: 'removed' as const, value: rest }, ...inside]
    }),
  ]
}

const within = (damages: readonly Damage[], around: (value: unknown) => unknown): readonly Damage[] =>
  damages.map((damage) => ({ ...damage, value: around(damage.value) }))

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const otherTypes = (value: unknown): readonly unknown[] => {
  if (typeof value === 'number') return [null, String(value), [value]]
  if (typeof value === 'string') return [null, 7, { text: value }]
  if (typeof value === 'boolean') return [null, Number(value)]
  return Array.isArray(value) ? [null, 'a list', { 0: value[0] }] : [null, 7, [value]]
}
