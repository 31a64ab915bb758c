import { multiplesOf } from '../../../models/layers/fakeQuantize.js'
import type { FakeQuantizeLayer } from '../../../models/layers/layer.js'
import type { Value } from './graphModel.js'
import type { Place } from './place.js'

/** Numbers rounded to a grid: clip(round(x / step), low, high)·step. */
export const writeRounding = (layer: FakeQuantizeLayer, { graph, kernel, inputs }: Place): Value => {
  const { id } = kernel.node
  const constants = multiplesOf(layer)
  const constant = (part: keyof typeof constants): Value => {
    const numbers = constants[part]
    return graph.constant(`${id}/${part}`, numbers.length === 1 ? [] : [numbers.length], Float32Array.from(numbers))
  }
  const step = constant('step')
  const multiples = graph.node('Round', `${id}/multiples`, [graph.node('RealDiv', `${id}/divided`, [...inputs, step])])
  const above = graph.node('Maximum', `${id}/above`, [multiples, constant('low')])
  const within = graph.node('Minimum', `${id}/within`, [above, constant('high')])
  return graph.node('Mul', kernel.result, [within, step])
}
