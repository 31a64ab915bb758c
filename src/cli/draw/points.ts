import { drawnNamed } from '../../dsl/kit/radius.js'
import { formatCount } from '../../report/tables/format.js'
import type { PointRecord } from '../../runtime/sweep/sweepTypes.js'
import { shortenApart } from './text.js'

/** `1 point`, `42 points`. */
export const pointCount = (count: number): string => `${formatCount(count)} point${count === 1 ? '' : 's'}`

/** The longest value in a name, in characters, unless different values need more to stay different. */
const valueWidth = 24

/** Short names of a sweep's points by key: without parameters that are the same in all points, and with short values. */
export const pointNames = (
  points: readonly Pick<PointRecord, 'key' | 'label' | 'params'>[],
): ReadonlyMap<string, string> => {
  const names = [...new Set(points.flatMap(({ params }) => Object.keys(params)))]
  const columns = names.flatMap((name) => {
    const values = points.map(({ params }) => drawnNamed(name, params[name] ?? ''))
    return new Set(values).size > 1 ? [{ name, values: shortenApart(values, valueWidth) }] : []
  })
  return new Map(
    points.map(({ key, label, params }, index) => {
      const parts = columns.flatMap(({ name, values }) => (name in params ? [`${name}=${values[index]}`] : []))
      return [key, parts.length > 0 ? parts.join(' ') : label]
    }),
  )
}
