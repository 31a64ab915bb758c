import type { Sides } from '../../../../models/architecture/layer.js'
import type { NodeShape } from '../../../../models/architecture/shapes.js'
import type { ReadBudget } from '../../../files/readBudget.js'
import { quoted, refuse } from '../../../files/refusal.js'
import { type AttributeRules, wrongAttribute } from './attributes.js'
import type { OnnxNode } from './messages.js'
import type { Activations, NetworkBuilder, Origin } from './networkBuilder.js'
import { type FunctionOf, type Numbers, numbersOnly } from './numbers.js'
import { moduleOf, type Reading } from './reading.js'
import { shapeText, type Tensor, tensorOf } from './tensor.js'

/** Of the rows and columns of an image, every how many stay, from the first one. */
export interface Steps {
  readonly rows: number
  readonly columns: number
}

/** The value of a name in a graph. */
export type Value =
  | { readonly kind: 'activations'; readonly activations: Activations }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  /** Computed from shapes and constants: a shape, a padding, a mean. */
  | ({ readonly kind: 'numbers' } & Numbers)
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
      /** The same with one number for all channels, of what it was computed from; empty if channels differ. */
      readonly functions: readonly FunctionOf[]
    }
  /** A matrix product that waits for its bias. */
  | {
      readonly draft: 'linear'
      readonly addBias: (bias: Tensor, by: NodeReader) => Value
      readonly out: number
    }
  /** An element-wise function. `isLayer`: a layer here computes it. */
  | { readonly draft: 'function'; readonly functions: readonly FunctionOf[]; readonly isLayer: () => boolean }
  /** More pixels at the sides of an image, for the layer after it; `name` is that of the node. */
  | {
      readonly draft: 'pad'
      readonly source: Activations
      readonly sides: Sides
      readonly value: number
      readonly name: string
    }
  /** Activations whose numbers are read in another order or shape than their layer makes them. */
  | {
      readonly draft: 'arranged'
      readonly source: Value
      /** The shape of the source. */
      readonly shape: NodeShape
      /** The extents of one image's numbers. */
      readonly dims: readonly number[]
      /** For each number, row-major, its place in the source, which is channel by channel. */
      readonly positions: Float64Array
      /** The source as one vector for each image, in the source's order. */
      readonly flat: () => Activations
    }
  /** Some channels, of every `step`-th row and column; −1 for channels of zeros. `name` is that of the node. */
  | {
      readonly draft: 'selection'
      readonly source: Activations
      readonly channels: readonly number[]
      readonly steps: Steps
      readonly name: string
    }
  /** A linear layer with its bias, which a factor after it may become part of. */
  | { readonly draft: 'dense'; readonly scaled: (factor: number, by: NodeReader) => Activations; readonly out: number }
  /** A softmax of logits, which must be the network's output. */
  | { readonly draft: 'probabilities'; readonly source: Activations; readonly operator: string }

/** One node of a graph that is being read, with the values of its inputs. */
export class NodeReader {
  readonly builder: NetworkBuilder
  readonly budget: ReadBudget
  /** The number of images, if the file fixes it. */
  readonly batch: number | undefined
  readonly #node: OnnxNode
  readonly #rules: AttributeRules
  readonly #inputs: readonly (Value | undefined)[]
  readonly #index: number
  readonly #reading: Reading

  /** @throws Refusal for an attribute that is not among the rules, or has another value */
  constructor(
    node: OnnxNode,
    rules: AttributeRules,
    inputs: readonly (Value | undefined)[],
    index: number,
    reading: Reading,
  ) {
    this.builder = reading.builder
    this.budget = reading.budget
    this.batch = reading.batch
    this.#node = node
    this.#rules = rules
    this.#inputs = inputs
    this.#index = index
    this.#reading = reading
    const wrong = wrongAttribute(node, rules, reading.opset)
    if (wrong) this.refuse(wrong.expected, wrong.actual)
  }

  /** The same node with other values of its inputs. */
  withInputs(inputs: readonly (Value | undefined)[]): NodeReader {
    return new NodeReader(this.#node, this.#rules, inputs, this.#index, this.#reading)
  }

  get opset(): number {
    return this.#reading.opset
  }

  get operator(): string {
    return this.#node.opType
  }

  get name(): string {
    return this.#node.name
  }

  /** Whether each node of the file has the name of its layer, as this package writes it. */
  get isOurs(): boolean {
    return this.#reading.named === 'layer'
  }

  /** The number of outputs. */
  get outputs(): number {
    return this.#node.output.length
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
    return this.refuse(`the output of a layer as input ${index + 1}`, this.described(index))
  }

  /** An input as numbers that the file fixes. */
  constant(index: number): Tensor {
    const value = this.value(index)
    if (value.kind === 'constant') return value.tensor
    const known = value.kind === 'numbers' ? numbersOnly(value.values) : undefined
    if (value.kind === 'numbers' && known)
      return tensorOf(this.#node.input[index] ?? '', value.dtype, value.dims, known)
    return this.refuse(`numbers that the file fixes as input ${index + 1}`, this.described(index))
  }

  /** An input in words. */
  described(index: number): string {
    const name = quoted(this.#node.input[index] ?? '')
    const value = this.value(index)
    switch (value.kind) {
      case 'constant':
        return `${name}, a constant of shape ${shapeText(value.tensor.dims)}`
      case 'numbers':
        return numbersOnly(value.values)
          ? `${name}, computed from constants, of shape ${shapeText(value.dims)}`
          : `${name}, a shape of ${value.values.length} entries that depends on the number of images`
      case 'activations':
        return `${name}, which depends on the image`
      case 'draft':
        return `${name}, which depends on the image`
    }
  }

  /** An attribute, or its default. @throws Refusal if it has neither */
  integer(name: string): number {
    return this.#attribute(name)?.i ?? this.#numberOtherwise(name)
  }

  /** An attribute, or its default. @throws Refusal if it has neither */
  float(name: string): number {
    return this.#attribute(name)?.f ?? this.#numberOtherwise(name)
  }

  integers(name: string): readonly number[] | undefined {
    return this.#attribute(name)?.ints
  }

  floats(name: string): readonly number[] | undefined {
    return this.#attribute(name)?.floats
  }

  /** An attribute, or its default; else empty. */
  text(name: string): string {
    const bytes = this.#attribute(name)?.s
    return bytes ? Buffer.from(bytes).toString('latin1') : String(this.#rules[name]?.otherwise ?? '')
  }

  tensor(name: string): Tensor | undefined {
    const attribute = this.#attribute(name)
    if (!attribute) return undefined
    return this.#reading.tensors.read(attribute.t ?? this.refuse(`a tensor as attribute ${quoted(name)}`, 'none'))
  }

  has(name: string): boolean {
    return this.#attribute(name) !== undefined
  }

  /** The names of the attributes that the node has. */
  get attributes(): readonly string[] {
    return this.#node.attribute.map(({ name }) => name)
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

  #numberOtherwise(name: string): number {
    const otherwise = this.#rules[name]?.otherwise
    return typeof otherwise === 'number' ? otherwise : this.refuse(`an attribute ${quoted(name)}`, 'none')
  }

  #attribute(name: string) {
    return this.#node.attribute.find((attribute) => attribute.name === name)
  }
}
