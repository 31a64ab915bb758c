import type { Kernel } from '../../../models/architecture/execution.js'
import { selectionOf } from '../../../models/architecture/selection.js'
import type { MultiplyLayer, SelectChannelsLayer } from '../../../models/layers/layer.js'
import { FLOAT, INTEGER, type Value, whole } from './graphModel.js'
import type { Place } from './place.js'

/** Number of axes of a layer's output. */
export const rankOf = ({ node: { shape } }: Kernel): number => (shape.kind === 'image' ? 4 : 2)

/** Some channels, the last axis. */
export const writeSelection = ({ channels }: SelectChannelsLayer, place: Place): Value => {
  const { graph, kernel, inputs } = place
  const { id, inputShapes } = kernel.node
  const [shape] = inputShapes
  const rank = rankOf(kernel)
  const selection = selectionOf(channels, shape?.kind === 'image' ? shape.channels : (shape?.features ?? 0))
  const list = (part: string, values: readonly number[]): Value =>
    graph.integers(`${id}/${part}`, [values.length], values)
  const all = (value: number): readonly number[] => new Array<number>(rank - 1).fill(value)
  switch (selection.type) {
    case 'range': {
      const [begin, size] = [list('begin', [...all(0), selection.begin]), list('size', [...all(-1), selection.size])]
      return graph.node('Slice', kernel.result, [...inputs, begin, size], { Index: INTEGER })
    }
    case 'zeros':
      return besideZeros(place, selection.before, selection.after, kernel.result)
    case 'places': {
      const seen = selection.zeros === 0 ? inputs : [besideZeros(place, 0, selection.zeros, `${id}/zeros`)]
      const axis = graph.integers(`${id}/axis`, [], [rank - 1])
      const places = list('places', selection.places)
      return graph.node('GatherV2', kernel.result, [...seen, places, axis], GATHER)
    }
  }
}

const GATHER = { Tparams: FLOAT, Tindices: INTEGER, Taxis: INTEGER, batch_dims: whole(0) }

/** The input with channels of zeros before and after its own. */
const besideZeros = ({ graph, kernel, inputs }: Place, before: number, after: number, name: string): Value => {
  const rank = rankOf(kernel)
  const sides = [...new Array<number>(2 * rank - 2).fill(0), before, after]
  const paddings = graph.integers(`${kernel.node.id}/paddings`, [rank, 2], sides)
  return graph.node('Pad', name, [...inputs, paddings], { Tpaddings: INTEGER })
}

/** The product of two inputs; a vector beside images becomes images of 1 x 1. */
export const writeProduct = (_: MultiplyLayer, { graph, kernel, inputs }: Place): Value => {
  const { id, shape, inputShapes } = kernel.node
  const factors = inputs.map((value, i) => {
    const own = inputShapes[i]
    if (own?.kind !== 'vector' || shape.kind === 'vector') return value
    const sizes = graph.integers(`${id}/shape`, [4], [-1, 1, 1, own.features])
    return graph.node('Reshape', `${id}/spread`, [value, sizes], { Tshape: INTEGER })
  })
  return graph.node('Mul', kernel.result, factors)
}
