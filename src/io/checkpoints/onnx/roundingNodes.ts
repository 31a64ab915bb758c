import { integerBounds } from '../../../models/layers/fakeQuantize.js'
import type { EightBits, FakeQuantizeLayer } from '../../../models/layers/layer.js'
import { littleEndian } from '../tensors/dtype.js'
import { dataTypes, type OnnxTensor, type Written } from './graph/messages.js'
import { integer, type Place, type WrittenNode, writtenNode } from './writtenNode.js'

/** The types of ONNX whose integers a grid has. */
const types: Readonly<Record<EightBits, number>> = {
  uint8: dataTypes.uint8,
  uint7: dataTypes.uint8,
  int8: dataTypes.int8,
}

/** A `QuantizeLinear` and a `DequantizeLinear`; between them a `Clip` to the 7 bits that PyTorch may use. */
export const roundingNodes = (layer: FakeQuantizeLayer, place: Place): readonly WrittenNode[] => {
  const { id } = place
  const [grid, axis] = [[`${id}/scale`, `${id}/zero_point`], layer.scale.length === 1 ? [] : [integer('axis', 1)]]
  const at = (name: string, input?: string): Place => ({
    id: name,
    inputs: input ? [input] : place.inputs,
    output: name,
  })
  const [rounded, clipped] = [`${id}/quantized`, `${id}/clipped`]
  const isClipped = layer.integers === 'uint7'
  return [
    writtenNode('QuantizeLinear', at(rounded), grid, axis),
    ...(isClipped ? [writtenNode('Clip', at(clipped, rounded), [`${id}/least`, `${id}/most`])] : []),
    writtenNode('DequantizeLinear', { ...place, inputs: [isClipped ? clipped : rounded] }, grid, axis),
  ]
}

/** The numbers that the nodes of a layer read. */
export const roundingTensors = (
  id: string,
  { scale, zeroPoint, integers }: FakeQuantizeLayer,
): readonly Written<OnnxTensor>[] => {
  const dims = scale.length === 1 ? [] : [scale.length]
  const dataType = types[integers]
  const { least, most } = integerBounds[integers]
  const bound = (name: string, value: number) => ({ name, dims: [], dataType, rawData: Uint8Array.of(value) })
  return [
    {
      name: `${id}/scale`,
      dims,
      dataType: dataTypes.float,
      rawData: littleEndian(Float32Array.from(scale)),
    },
    // Negative integers become their two's complement.
    { name: `${id}/zero_point`, dims, dataType, rawData: Uint8Array.from(zeroPoint) },
    ...(integers === 'uint7' ? [bound(`${id}/least`, least), bound(`${id}/most`, most)] : []),
  ]
}
