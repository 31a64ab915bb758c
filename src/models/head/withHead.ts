import { rejectOption } from '../../dsl/errors.js'
import { type Architecture, architecture, layersOf } from '../architecture/architecture.js'
import type { Layer } from '../layers/layer.js'
import { latentNodes } from './head.js'

/** A stochastic head, as layers. */
export interface Head {
  /** Name of the stage that needs it, and of the layer that samples. */
  readonly name: string
  /** Width of the code z, ≥ 1. */
  readonly size: number
  /** Its layers, the last of which samples. @param features id of the layer that the network's last layer reads */
  readonly layers: (features: string, classes: number) => readonly Layer[]
}

/**
 * The same network with a stochastic head before its last layer, which then reads the sample. A network that already
 * has this head is returned unchanged.
 *
 * @throws OptionError if the network does not end in a linear layer, or has another head
 */
export const withHead = (given: Architecture, { name, size, layers }: Head): Architecture => {
  const { sample } = latentNodes(given)
  if (sample !== undefined) {
    const shape = given.nodes.find(({ id }) => id === sample)?.shape
    const width = shape?.kind === 'vector' ? shape.features : 0
    if (sample === name && width === size) return given
    return rejectOption(
      name,
      `a network without a head, or with one of ${name} and size ${size}`,
      `${sample}, ${width}`,
    )
  }
  const before = layersOf(given)
  const last = before.at(-1)
  if (last?.type !== 'linear')
    return rejectOption(name, 'a network with a linear layer at its end', last?.type ?? 'none')
  const head = layers(last.inputs?.[0] ?? '', given.classes)
  return architecture(
    `${given.name} with ${name}`,
    given.input,
    [...before.slice(0, -1), ...head, { ...last, inputs: [name] }],
    given,
  )
}
