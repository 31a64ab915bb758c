import { selectionOf } from '../../../models/architecture/selection.js'
import type { SelectChannelsLayer } from '../../../models/layers/layer.js'
import { besideZerosName } from './graph/writtenNames.js'
import type { LayerPlace } from './windowNodes.js'
import { constantNode, integer, integers, type Place, type WrittenNode, writtenNode } from './writtenNode.js'

/** Some channels: a `Slice` of those that follow each other, a `Pad` by zeros, or a `Gather`, of zeros too after a `Pad`. */
export const selectNodes = ({ channels }: SelectChannelsLayer, place: LayerPlace): readonly WrittenNode[] => {
  const [shape] = place.inputShapes
  const isImage = shape?.kind === 'image'
  const selection = selectionOf(channels, isImage ? shape.channels : (shape?.features ?? 0))
  switch (selection.type) {
    case 'range': {
      const { begin, size } = selection
      const parts = { starts: begin, ends: begin + size, axes: 1 }
      const names = Object.keys(parts).map((part) => `${place.id}/${part}`)
      const constants = Object.values(parts).map((value, i) =>
        constantNode(names[i] ?? '', integers('value_ints', [value])),
      )
      return [...constants, writtenNode('Slice', place, names)]
    }
    case 'zeros':
      return zeroNodes(selection.before, selection.after, isImage, place)
    case 'places': {
      const indices = `${place.id}/indices`
      const padded = besideZerosName(place.id)
      const seen = selection.zeros === 0 ? place : { ...place, inputs: [padded] }
      return [
        ...(selection.zeros === 0
          ? []
          : zeroNodes(0, selection.zeros, isImage, { ...place, id: padded, output: padded })),
        constantNode(indices, integers('value_ints', selection.places)),
        writtenNode('Gather', seen, [indices], [integer('axis', 1)]),
      ]
    }
  }
}

/** Channels of zeros before and after those of the input. */
const zeroNodes = (before: number, after: number, isImage: boolean, place: Place): readonly WrittenNode[] => {
  const pads = `${place.id}/pads`
  const sides = isImage ? [0, before, 0, 0, 0, after, 0, 0] : [0, before, 0, after]
  return [constantNode(pads, integers('value_ints', sides)), writtenNode('Pad', place, [pads])]
}

/** The product of two inputs; a vector beside images becomes images of 1 x 1. */
export const productNodes = (place: LayerPlace): readonly WrittenNode[] => {
  const isMixed = new Set(place.inputShapes.map(({ kind }) => kind)).size > 1
  if (!isMixed) return [writtenNode('Mul', place)]
  const [axes, spread] = [`${place.id}/axes`, `${place.id}/spread`]
  const flat = place.inputShapes.findIndex(({ kind }) => kind === 'vector')
  const inputs = place.inputs.map((name, i) => (i === flat ? spread : name))
  return [
    constantNode(axes, integers('value_ints', [2, 3])),
    writtenNode('Unsqueeze', { id: spread, inputs: [place.inputs[flat] ?? ''], output: spread }, [axes]),
    writtenNode('Mul', { ...place, inputs }),
  ]
}
