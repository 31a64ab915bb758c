import type { Transposed } from '../../../models/windows/transposed.js'
import { type GraphModelBuilder, INTEGER, type Value } from './graphModel.js'

/** Adds the nodes of what the convolution reads that a transposed one is. @returns its name */
export const spacedOut = (
  { spacing: [down, across], spaced, added, cut, seen }: Transposed,
  graph: GraphModelBuilder,
  id: string,
  x: Value,
): Value => {
  const { height, width, channels } = spaced
  const shaped = (what: string, value: Value, sizes: readonly number[]): Value => {
    const shape = graph.integers(`${id}/${what}Shape`, [sizes.length], sizes)
    return graph.node('Reshape', `${id}/${what}`, [value, shape], { Tshape: INTEGER })
  }
  const padded = (what: string, value: Value, zeros: readonly number[]): Value => {
    const sides = graph.integers(`${id}/${what}Zeros`, [4, 2], zeros)
    return graph.node('Pad', `${id}/${what}`, [value, sides], { Tpaddings: INTEGER })
  }
  const after = (what: string, value: Value, zeros: number): Value =>
    zeros === 0 ? value : padded(what, value, [0, 0, 0, 0, 0, zeros, 0, 0])
  const rows = after('rows', shaped('apart', x, [-1, height / down, 1, (width / across) * channels]), down - 1)
  const columns = after('columns', shaped('split', rows, [-1, width / across, 1, channels]), across - 1)
  const spread = shaped('spaced', columns, [-1, height, width, channels])
  const larger = padded('larger', spread, [0, 0, added.top, added.bottom, added.left, added.right, 0, 0])
  const begin = graph.integers(`${id}/begin`, [4], [0, cut.top, cut.left, 0])
  const size = graph.integers(`${id}/size`, [4], [-1, seen.height, seen.width, -1])
  return graph.node('Slice', `${id}/seen`, [larger, begin, size], { Index: INTEGER })
}
