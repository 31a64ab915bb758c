import { littleEndian } from '../tensors/dtype.js'

/** An attribute of a node as TensorFlow's `AttrValue` is in JSON: 64-bit integers as text, strings in base64. */
type Attribute =
  | { readonly type: 'DT_FLOAT' | 'DT_INT32' }
  | { readonly i: string }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly s: string }
  | { readonly list: { readonly i: readonly string[] } | { readonly s: readonly string[] } }

export type Attributes = Readonly<Record<string, Attribute>>

export const whole = (value: number): Attribute => ({ i: String(value) })
export const wholes = (values: readonly number[]): Attribute => ({ list: { i: values.map(String) } })
export const text = (value: string): Attribute => ({ s: base64(value) })
export const texts = (values: readonly string[]): Attribute => ({ list: { s: values.map(base64) } })
export const FLOAT: Attribute = { type: 'DT_FLOAT' }
export const INTEGER: Attribute = { type: 'DT_INT32' }

const base64 = (value: string): string => Buffer.from(value, 'latin1').toString('base64')

interface GraphNode {
  readonly name: string
  readonly op: string
  readonly input?: readonly string[]
  readonly attr: Readonly<Record<string, unknown>>
}

interface WeightEntry {
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: 'float32' | 'int32'
}

/** The names of a node's outputs are those of its ports; the first one's is the node's. */
export type Value = string

/** A model of TensorFlow.js: what `model.json` says, and the numbers of the file beside it. */
export interface GraphModel {
  readonly json: string
  readonly weights: Uint8Array
}

/** Collects a graph in TensorFlow.js' own form: nodes as JSON, constants one after the other as bytes. */
export class GraphModelBuilder {
  readonly #nodes: GraphNode[] = []
  readonly #entries: WeightEntry[] = []
  readonly #bytes: Uint8Array[] = []
  readonly #names = new Set<string>()

  /** @param sizes of one example */
  placeholder(name: string, sizes: readonly number[]): Value {
    return this.#add(name, 'Placeholder', [], { dtype: FLOAT, shape: { shape: shapeOf([-1, ...sizes]) } })
  }

  constant(name: string, shape: readonly number[], values: Float32Array): Value {
    return this.#weight({ name: this.#freeName(name), shape, dtype: 'float32' }, littleEndian(values))
  }

  /** A shape, or paddings. */
  integers(name: string, shape: readonly number[], values: readonly number[]): Value {
    const bytes = new DataView(new ArrayBuffer(4 * values.length))
    for (const [i, value] of values.entries()) bytes.setInt32(4 * i, value, true)
    return this.#weight({ name: this.#freeName(name), shape, dtype: 'int32' }, new Uint8Array(bytes.buffer))
  }

  node(op: string, name: string, input: readonly Value[], attributes: Attributes = {}): Value {
    return this.#add(name, op, input, { T: FLOAT, ...attributes })
  }

  /**
   * @param input what it takes and @param output what it gives, by the names that a signature has for them
   * @param weightsFile name of the file of the weights, beside the model's
   */
  finish(input: Signature, output: Signature, weightsFile: string): GraphModel {
    const model = {
      format: 'graph-model',
      generatedBy: 'pwoa',
      modelTopology: { node: this.#nodes, versions: {} },
      signature: { inputs: signed(input), outputs: signed(output) },
      weightsManifest: [{ paths: [weightsFile], weights: this.#entries }],
    }
    return { json: JSON.stringify(model), weights: Buffer.concat(this.#bytes) }
  }

  #weight(entry: WeightEntry, bytes: Uint8Array): Value {
    const { name, shape, dtype } = entry
    this.#entries.push(entry)
    this.#bytes.push(bytes)
    const type = dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32'
    const value = { tensor: { dtype: type, tensorShape: shapeOf(shape) } }
    this.#nodes.push({ name, op: 'Const', attr: { dtype: { type }, value } })
    return name
  }

  #add(wanted: string, op: string, input: readonly Value[], attr: Readonly<Record<string, unknown>>): Value {
    const name = this.#freeName(wanted)
    this.#nodes.push({ name, op, input, attr })
    return name
  }

  /** A colon would name a port, a caret a dependency. */
  #freeName(wanted: string): string {
    const plain = wanted.replace(/[^\w./-]/g, '_')
    let name = plain
    for (let i = 2; this.#names.has(name); i++) name = `${plain}_${i}`
    this.#names.add(name)
    return name
  }
}

/** A value at the edge of a model. */
export interface Signature {
  readonly name: string
  readonly value: Value
  /** Of one example. */
  readonly sizes: readonly number[]
}

const signed = ({ name, value, sizes }: Signature) => ({
  [name]: { name: `${value}:0`, dtype: 'DT_FLOAT', tensorShape: shapeOf([-1, ...sizes]) },
})

const shapeOf = (sizes: readonly number[]) => ({ dim: sizes.map((size) => ({ size: String(size) })) })
