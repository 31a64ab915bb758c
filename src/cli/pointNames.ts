import type { PointRecord } from '../runtime/sweep/sweepTypes.js'
import { shortenApart } from './shorten.js'

const widest = 24

/** Short names of a sweep's points, by their keys: what is the same in all is left out, long values are shortened. */
export const pointNames = (
  points: readonly Pick<PointRecord, 'key' | 'label' | 'params'>[],
): ReadonlyMap<string, string> => {
  const names = [...new Set(points.flatMap(({ params }) => Object.keys(params)))]
  const columns = names.flatMap((name) => {
    const values = points.map(({ params }) => String(params[name] ?? ''))
    return new Set(values).size > 1 ? [{ name, values: shortenApart(values, widest) }] : []
  })
  return new Map(
    points.map(({ key, label, params }, index) => {
      const parts = columns.flatMap(({ name, values }) => (name in params ? [`${name}=${values[index]}`] : []))
      return [key, parts.length > 0 ? parts.join(' ') : label]
    }),
  )
}
