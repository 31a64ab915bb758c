import { quoted, refuse } from '../../../files/refusal.js'
import type { OnnxNode, OnnxTensor } from './messages.js'
import type { Activations, NetworkBuilder, Origin } from './networkBuilder.js'
import { checked } from './numbers.js'

/** An entry of a shape: a number, or the size of the batch, which each run chooses. */
export type Extent = number | 'batch'

/** Small whole numbers, row-major. */
export interface Integers {
  readonly dims: readonly number[]
  readonly values: readonly Extent[]
}

/** The value of a name in a graph. */
export type Value =
  | { readonly kind: 'activations'; readonly activations: Activations }
  | { readonly kind: 'constant'; readonly tensor: OnnxTensor }
  /** Computed from shapes and constants: a shape or a padding. */
  | ({ readonly kind: 'integers' } & Integers)
  | Draft

/** A layer that later nodes may become part of. A node that reads its output ends that: `settle` makes the layer, once. */
export type Draft = { readonly kind: 'draft'; readonly settle: () => Activations } & Drafted

type Drafted =
  /** scale·x + shift with one number of each per channel; `name` is the tensor's that the scale came from. */
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
  /** Zeros on each side of an image, for the convolution after it. */
  | { readonly draft: 'pad'; readonly source: Activations; readonly padding: number }

/** What all nodes of a graph share while it is read. */
export interface Reading {
  readonly builder: NetworkBuilder
  readonly opset: number
  /** `layer`: each node has the name of its layer, as in files that this package writes. */
  readonly named: 'layer' | 'freely'
}

/** One node of a graph that is being read, with the values of its inputs. */
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

  /** Stops the reader; the error names this node. @throws Refusal always */
  refuse(expected: string, actual: string): never {
    const { opType, name } = this.#node
    return refuse(`${expected} in operator ${opType} (node ${quoted(name)}, opset ${this.opset})`, actual)
  }

  /** An optional input; undefined if it is left out. */
  optional(index: number): Value | undefined {
    return this.#inputs[index]
  }

  value(index: number): Value {
    return this.#inputs[index] ?? this.refuse(`at least ${index + 1} inputs`, `${this.#inputs.length}`)
  }

  /** An input as the output of a layer. */
  activations(index: number): Activations {
    const value = this.value(index)
    if (value.kind === 'activations') return value.activations
    if (value.kind === 'draft') return value.settle()
    return this.refuse(`activations as input ${index + 1}`, value.kind === 'constant' ? 'a constant' : 'a shape')
  }

  constant(index: number): OnnxTensor {
    const value = this.value(index)
    if (value.kind === 'constant') return checked(value.tensor)
    return this.refuse(`a constant as input ${index + 1}`, 'a computed value')
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

  /** The name of a layer by that of its weights: the part before `.weight`, or the module of the node. */
  layerName(weight: string): string {
    const [, prefix] = /^(.+)\.weight$/.exec(weight) ?? []
    return this.builder.freeName(prefix ?? (moduleOf(this.#node.name) || `${this.#node.opType}_${this.#index}`))
  }

  /** The origin of a layer whose last node this is. @param name the layer's name, or its type if it has none */
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
 * The module in the name of a node as PyTorch's exporter writes it: `layer1.0.conv1` for `/layer1/layer1.0/conv1/Conv`.
 * Other names are returned unchanged.
 */
const moduleOf = (node: string): string => {
  const [empty, ...scopes] = node.split('/').slice(0, -1)
  if (empty !== '' || scopes.length === 0) return node
  return scopes.filter((scope, i) => !scopes[i + 1]?.startsWith(`${scope}.`)).join('.')
}
