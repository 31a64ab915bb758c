import type { GroupNormLayer, LayerNormLayer } from '../../../models/layers/layer.js'
import { EPSILON } from '../../../models/layers/normalisations.js'
import type { LayerPlace } from './windowNodes.js'
import { float, floats, integer, integers, type WrittenNode, writtenNode } from './writtenNode.js'

/** A normalisation of each pixel: `LayerNormalization` is over the last axes, so images have their channels last for it. */
export const layerNormNodes = (
  { name, epsilon = EPSILON }: LayerNormLayer,
  place: LayerPlace,
): readonly WrittenNode[] => {
  const { id, inputs, output, inputShapes } = place
  const parameters = [`${name}.weight`, `${name}.bias`]
  const attributes = [integer('axis', -1), float('epsilon', epsilon)]
  if (inputShapes[0]?.kind !== 'image') return [writtenNode('LayerNormalization', place, parameters, attributes)]
  const [last, normalised] = [`${id}/channelsLast`, `${id}/normalised`]
  return [
    writtenNode('Transpose', { id: last, inputs, output: last }, [], [integers('perm', [0, 2, 3, 1])]),
    writtenNode('LayerNormalization', { id, inputs: [last], output: normalised }, parameters, attributes),
    writtenNode(
      'Transpose',
      { id: `${id}/channelsFirst`, inputs: [normalised], output },
      [],
      [integers('perm', [0, 3, 1, 2])],
    ),
  ]
}

/** A normalisation of groups of channels: each group is an instance with one channel, scaled and shifted afterwards. */
export const groupNormNodes = (
  { name, groups, epsilon = EPSILON }: GroupNormLayer,
  { id, inputs, output, inputShapes: [shape] }: LayerPlace,
): readonly WrittenNode[] => {
  const { channels, height, width } = shape?.kind === 'image' ? shape : { channels: 1, height: 1, width: 1 }
  const part = (what: string): string => `${id}/${what}`
  const node = (opType: string, what: string, read: readonly string[], attributes: WrittenNode['attribute'] = []) =>
    writtenNode(opType, { id: part(what), inputs: read, output: part(what) }, [], attributes)
  const all = (value: number) => floats('value_floats', new Array<number>(groups).fill(value))
  return [
    node('Constant', 'groups', [], [integers('value_ints', [0, groups, -1])]),
    node('Constant', 'ones', [], [all(1)]),
    node('Constant', 'zeros', [], [all(0)]),
    node('Constant', 'image', [], [integers('value_ints', [0, channels, height, width])]),
    node('Reshape', 'grouped', [...inputs, part('groups')]),
    node(
      'InstanceNormalization',
      'normalised',
      [part('grouped'), part('ones'), part('zeros')],
      [float('epsilon', epsilon)],
    ),
    node('Reshape', 'pixels', [part('normalised'), part('image')]),
    node('Mul', 'scaled', [part('pixels'), `${name}.weight`]),
    writtenNode('Add', { id, inputs: [part('scaled')], output }, [`${name}.bias`]),
  ]
}
