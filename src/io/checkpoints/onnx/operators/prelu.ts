import type { NodeReader } from '../graph/nodeReader.js'
import { countOf } from '../graph/tensor.js'
import { lazyTensor } from '../graph/tensors.js'
import type { Value } from '../graph/value.js'
import { activations } from '../values/drafts.js'
import { perChannel } from './affine.js'

/** `PRelu` with one slope, or one for each channel. */
export const prelu = (node: NodeReader): Value => {
  const source = node.activations(0)
  const tensor = node.constant(1)
  const slope = perChannel(node, tensor, source)
  const slopes = countOf(tensor.dims) === 1 ? 'one' : 'each'
  const own = Float32Array.from(slopes === 'one' ? slope.subarray(0, 1) : slope)
  const name = node.layerName(tensor.name)
  return activations(
    node.builder.add({ type: 'prelu', name, slopes }, [source], node.origin(name), {
      weight: lazyTensor([own.length], () => own),
    }),
  )
}
