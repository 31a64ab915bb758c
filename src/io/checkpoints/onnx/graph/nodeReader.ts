import { quoted, refuse } from '../../../files/refusal.js'
import type { OnnxNode, OnnxTensor } from './messages.js'
import type { Activations, NetworkBuilder, Origin } from './networkBuilder.js'
import { checked } from './numbers.js'

/** An entry of a shape: a number, or the axis whose size each run chooses. */
export type Extent = number | 'batch'

/** Small whole numbers, row-major. */
export interface Integers {
  readonly dims: readonly number[]
  readonly values: readonly Extent[]
}

/** What a name in a graph stands for. */
export type Value =
  | { readonly kind: 'activations'; readonly activations: Activations }
  | { readonly kind: 'constant'; readonly tensor: OnnxTensor }
  /** Computed from shapes and constants, to be a shape or a padding. */
  | ({ readonly kind: 'integers' } & Integers)
  | Draft

/** A layer that later nodes may become a part of. What reads it as it is makes a layer of it: `settle`, once. */
export type Draft = { readonly kind: 'draft'; readonly settle: () => Activations } & Drafted

type Drafted =
  /** scale·x + shift, a number of each per channel; `name` is of the tensor that gave the scale. */
  | {
      readonly draft: 'affine'
      readonly source: Activations
      readonly scale: Float64Array
      readonly shift: Float64Array
      readonly name: string
    }
  /** A matrix product that waits for its bias. */
  | {
      readonly draft: 'linear'
      readonly addBias: (bias: OnnxTensor, by: NodeReader) => Activations
      readonly out: number
    }
  /** Zeros on each side of an image, for the convolution behind it. */
  | { readonly draft: 'pad'; readonly source: Activations; readonly padding: number }

/** How a graph is read, besides its nodes. */
export interface Reading {
  readonly builder: NetworkBuilder
  readonly opset: number
  /** `layer`: each node has the name of its layer, as in a file of our own. */
  readonly named: 'layer' | 'freely'
}

/** One node of a graph that is being read, with what its inputs stand for. */
export class NodeReader {
  readonly builder: NetworkBuilder
  readonly #node: OnnxNode
  readonly #inputs: readonly (Value | undefined)[]
  readonly #index: number
  readonly #reading: Reading

  constructor(node: OnnxNode, inputs: readonly (Value | undefined)[], index: number, reading: Reading) {
    this.builder = reading.builder
    this.#node = node
    this.#inputs = inputs
    this.#index = index
    this.#reading = reading
  }

  get opset(): number {
    return this.#reading.opset
  }

  get count(): number {
    return this.#inputs.length
  }

  /** Leaves the reader: what this node should have been. */
  refuse(expected: string, actual: string): never {
    const { opType, name } = this.#node
    return refuse(`${expected} in operator ${opType} (node ${quoted(name)}, opset ${this.opset})`, actual)
  }

  /** An input that may be left out. */
  optional(index: number): Value | undefined {
    return this.#inputs[index]
  }

  value(index: number): Value {
    return this.#inputs[index] ?? this.refuse(`at least ${index + 1} inputs`, `${this.#inputs.length}`)
  }

  /** An input as what a layer gives. */
  activations(index: number): Activations {
    const value = this.value(index)
    if (value.kind === 'activations') return value.activations
    if (value.kind === 'draft') return value.settle()
    return this.refuse(`activations as input ${index + 1}`, value.kind === 'constant' ? 'a constant' : 'a shape')
  }

  constant(index: number): OnnxTensor {
    const value = this.value(index)
    if (value.kind === 'constant') return checked(value.tensor)
    return this.refuse(`a constant as input ${index + 1}`, 'one that is computed')
  }

  integer(name: string, otherwise: number): number {
    return this.#attribute(name)?.i ?? otherwise
  }

  float(name: string, otherwise: number): number {
    return this.#attribute(name)?.f ?? otherwise
  }

  integers(name: string): readonly number[] | undefined {
    return this.#attribute(name)?.ints
  }

  floats(name: string): readonly number[] | undefined {
    return this.#attribute(name)?.floats
  }

  text(name: string): string {
    return Buffer.from(this.#attribute(name)?.s ?? []).toString('latin1')
  }

  tensor(name: string): OnnxTensor | undefined {
    return this.#attribute(name)?.t ?? undefined
  }

  has(name: string): boolean {
    return this.#attribute(name) !== undefined
  }

  /** The name of a layer whose weights have this name: what is before `.weight`, or the module that the node is of. */
  layerName(weight: string): string {
    const [, prefix] = /^(.+)\.weight$/.exec(weight) ?? []
    return this.builder.freeName(prefix ?? (moduleOf(this.#node.name) || `${this.#node.opType}_${this.#index}`))
  }

  /** Of a layer that this node is the last of. @param name the layer's, or its type where it has none */
  origin(name: string): Origin {
    const { named } = this.#reading
    const id = named === 'layer' && this.#node.name !== '' ? this.#node.name : name
    return { id, order: this.#index }
  }

  /** The same for a layer without a name. */
  originOf(type: string): Origin {
    return this.origin(`${type}-${this.#index}`)
  }

  #attribute(name: string) {
    return this.#node.attribute.find((attribute) => attribute.name === name)
  }
}

/**
 * The module in a node's name as PyTorch's exporter gives it: `/layer1/layer1.0/conv1/Conv` is of `layer1.0.conv1`. Other
 * names are left as they are.
 */
const moduleOf = (node: string): string => {
  const [empty, ...scopes] = node.split('/').slice(0, -1)
  if (empty !== '' || scopes.length === 0) return node
  return scopes.filter((scope, i) => !scopes[i + 1]?.startsWith(`${scope}.`)).join('.')
}
