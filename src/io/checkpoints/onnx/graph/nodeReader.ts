import type { ReadBudget } from '../../../files/readBudget.js'
import { quoted, refuse } from '../../../files/refusal.js'
import { type AttributeRules, wrongAttribute } from './attributes.js'
import type { OnnxNode } from './messages.js'
import type { Activations, NetworkBuilder, Origin } from './networkBuilder.js'
import { numbersOnly } from './numbers.js'
import { moduleOf, type Reading } from './reading.js'
import { shapeText, type Tensor, tensorOf } from './tensor.js'
import type { Value } from './value.js'

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

  /** The name of a layer that is one tensor: that of the tensor, without the ending that files of this package add. */
  wholeName(tensor: string): string {
    return tensor === '' || tensor.endsWith('.weight') ? this.layerName(tensor) : this.builder.freeName(tensor)
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
