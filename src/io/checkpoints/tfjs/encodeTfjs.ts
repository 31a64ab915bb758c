import { INPUT } from '../../../models/architecture/architecture.js'
import { executionOf } from '../../../models/architecture/execution.js'
import type { Folded } from '../../../models/forward/folded.js'
import { parametersOf } from '../../../models/parameters/parameters.js'
import { type GraphModel, GraphModelBuilder, type Value } from './graphModel.js'
import { writeLayer } from './layerNodes.js'

/** The name of the network's output, as in ONNX files. */
const OUTPUT = 'logits'

/**
 * A network as a graph model of TensorFlow.js, for `tf.loadGraphModel`: input `input`, float32, batch × height × width ×
 * channels in [0, 1]; output `logits`, batch × classes. A convolution or product is one node with its bias and ReLU, as
 * TensorFlow's converter writes it.
 *
 * @param network in use, without batch normalisation; see `folded`
 * @param weightsFile name of the file of weights, in the folder of the model
 * Source: TensorFlow's `graph.proto`, and `model.json` as the converter of TensorFlow.js 4 writes it.
 */
export const encodeTfjs = ({ architecture, weights }: Folded, weightsFile: string): GraphModel => {
  const { input, classes } = architecture
  const graph = new GraphModelBuilder()
  const sizes = [input.height, input.width, input.channels]
  const images = graph.placeholder(INPUT, sizes)
  const constants = new Map(
    parametersOf(architecture).map(({ name, shape, offset, size }): [string, Value] => [
      name,
      graph.constant(name, shape, weights.subarray(offset, offset + size)),
    ]),
  )
  const values = new Map<string, Value>([[INPUT, images]])
  let last = images
  for (const kernel of executionOf(architecture)) {
    const { layer, inputs } = kernel.node
    const prefix = 'name' in layer ? layer.name : ''
    last = writeLayer({
      graph,
      kernel,
      inputs: inputs.map((id) => present(values, id)),
      parameter: (part) => present(constants, part === '' ? prefix : `${prefix}.${part}`),
    })
    values.set(kernel.result, last)
  }
  return graph.finish(
    { name: INPUT, value: images, sizes },
    { name: OUTPUT, value: last, sizes: [classes] },
    weightsFile,
  )
}

const present = (values: ReadonlyMap<string, Value>, name: string): Value => {
  const value = values.get(name)
  if (value === undefined) throw new Error(`no value for "${name}"`)
  return value
}
