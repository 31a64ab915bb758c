import type { NodeShape } from '../../../models/architecture/shapes.js'
import { tokensOf } from '../../../models/architecture/tokenSizes.js'
import type { LayerPlace } from './windowNodes.js'
import { float, integer, integers, type WrittenAttribute, type WrittenNode, writtenNode } from './writtenNode.js'

/** Collects the nodes of a layer. The one that a reader makes the layer of has its name. */
export class Nodes {
  readonly #place: LayerPlace
  readonly #nodes: WrittenNode[] = []

  constructor(place: LayerPlace) {
    this.#place = place
  }

  add(opType: string, inputs: readonly string[], attributes: readonly WrittenAttribute[] = []): string {
    const name = `${this.#place.id}/${this.#nodes.length}`
    this.#nodes.push(writtenNode(opType, { id: name, inputs, output: name }, [], attributes))
    return name
  }

  /** The node that has the layer's name. */
  main(opType: string, inputs: readonly string[], attributes: readonly WrittenAttribute[] = []): string {
    const { id } = this.#place
    const output = `${id}/result`
    this.#nodes.push(writtenNode(opType, { id, inputs, output }, [], attributes))
    return output
  }

  whole(values: readonly number[]): string {
    return this.add('Constant', [], [integers('value_ints', values)])
  }

  number(value: number): string {
    return this.add('Constant', [], [float('value_float', value)])
  }

  index(value: number): string {
    return this.add('Constant', [], [integer('value_int', value)])
  }

  /** A reduction over some axes, which are an attribute before opset 18, and an input since. */
  reduce(opType: 'ReduceL2' | 'ReduceMean', x: string, axes: readonly number[]): string {
    return this.#place.opset < 18
      ? this.add(opType, [x], [integers('axes', axes)])
      : this.add(opType, [x, this.whole(axes)])
  }

  /** All nodes, with a reduction that drops its axes and has the layer's name and its output. */
  reduced(opType: 'ReduceMax' | 'ReduceMean', x: string, axes: readonly number[]): readonly WrittenNode[] {
    const keepdims = integer('keepdims', 0)
    return this.#place.opset < 18
      ? this.ending(opType, [x], [integers('axes', axes), keepdims])
      : this.ending(opType, [x, this.whole(axes)], [keepdims])
  }

  reshape(x: string, shape: readonly number[]): string {
    return this.add('Reshape', [x, this.whole(shape)])
  }

  transpose(x: string, perm: readonly number[]): string {
    return this.add('Transpose', [x], [integers('perm', perm)])
  }

  /** The pixels of an image as rows: n x pixels x channels. */
  rows(x: string, shape: NodeShape | undefined): string {
    return this.transpose(this.reshape(x, [0, channelsOf(shape), tokensOf(shape)]), [0, 2, 1])
  }

  /** The inverse of `rows`, as the layer's output. */
  image(rows: string, shape: NodeShape): readonly WrittenNode[] {
    const [height, width] = shape.kind === 'image' ? [shape.height, shape.width] : [1, 1]
    return this.reshaped(this.transpose(rows, [0, 2, 1]), [0, channelsOf(shape), height, width])
  }

  /** All nodes, with one that reshapes to the layer's output. */
  reshaped(x: string, shape: readonly number[]): readonly WrittenNode[] {
    const target = this.whole(shape)
    const { id, output } = this.#place
    return [...this.#nodes, writtenNode('Reshape', { id: `${id}/image`, inputs: [x, target], output })]
  }

  /** All nodes, with one that has the layer's name and its output. */
  ending(opType: string, inputs: readonly string[], attributes: readonly WrittenAttribute[]): readonly WrittenNode[] {
    return [...this.#nodes, writtenNode(opType, { ...this.#place, inputs }, [], attributes)]
  }
}

/** Channels of an image; 1 for a vector. */
export const channelsOf = (shape: NodeShape | undefined): number => (shape?.kind === 'image' ? shape.channels : 1)
