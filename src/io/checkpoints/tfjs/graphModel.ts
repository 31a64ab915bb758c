import { littleEndian } from '../tensors/dtype.js'

/** An attribute of a node: TensorFlow's `AttrValue` in JSON, with 64-bit integers as text and strings in base64. */
type Attribute =
  | { readonly type: 'DT_FLOAT' | 'DT_INT32' }
  | { readonly i: string }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly s: string }
  | { readonly list: { readonly i: readonly string[] } | { readonly s: readonly string[] } }

/** The attributes of a node by name. */
export type Attributes = Readonly<Record<string, Attribute>>

/** An integer as an attribute. */
export const whole = (value: number): Attribute => ({ i: String(value) })
/** A list of integers as an attribute. */
export const wholes = (values: readonly number[]): Attribute => ({ list: { i: values.map(String) } })
/** A string as an attribute. */
export const text = (value: string): Attribute => ({ s: base64(value) })
/** A list of strings as an attribute. */
export const texts = (values: readonly string[]): Attribute => ({ list: { s: values.map(base64) } })
/** The type float32 as an attribute. */
export const FLOAT: Attribute = { type: 'DT_FLOAT' }
/** The type int32 as an attribute. */
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

/** The name of an output of a node: the node's name, with `:1`, `:2` … for outputs after the first. */
export type Value = string

/** A model of TensorFlow.js: the text of `model.json`, and the bytes of its file of weights. */
export interface GraphModel {
  readonly json: string
  readonly weights: Uint8Array
}

/** Collects a graph in the format of TensorFlow.js: nodes as JSON, constants one after the other as bytes. */
export class GraphModelBuilder {
  readonly #nodes: GraphNode[] = []
  readonly #entries: WeightEntry[] = []
  readonly #bytes: Uint8Array[] = []
  readonly #names = new Set<string>()

  /** The input. @param sizes of one example */
  placeholder(name: string, sizes: readonly number[]): Value {
    return this.#add(name, 'Placeholder', [], { dtype: FLOAT, shape: { shape: shapeOf([-1, ...sizes]) } })
  }

  /** A constant of float32. */
  constant(name: string, shape: readonly number[], values: Float32Array): Value {
    return this.#weight({ name: this.#freeName(name), shape, dtype: 'float32' }, littleEndian(values))
  }

  /** A constant of int32: a shape, or paddings. */
  integers(name: string, shape: readonly number[], values: readonly number[]): Value {
    const bytes = new DataView(new ArrayBuffer(4 * values.length))
    for (const [i, value] of values.entries()) bytes.setInt32(4 * i, value, true)
    return this.#weight({ name: this.#freeName(name), shape, dtype: 'int32' }, new Uint8Array(bytes.buffer))
  }

  /** A node of float32. @returns its first output */
  node(op: string, name: string, input: readonly Value[], attributes: Attributes = {}): Value {
    return this.#add(name, op, input, { T: FLOAT, ...attributes })
  }

  /**
   * The model of all nodes so far.
   *
   * @param input the input, and its name in the signature
   * @param output the output, and its name in the signature
   * @param weightsFile name of the file of weights, in the folder of the model
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

  /** A name that no node has. Characters with a meaning are replaced: a colon marks an output, a caret a dependency. */
  #freeName(wanted: string): string {
    const plain = wanted.replace(/[^\w./-]/g, '_')
    let name = plain
    for (let i = 2; this.#names.has(name); i++) name = `${plain}_${i}`
    this.#names.add(name)
    return name
  }
}

/** The input or the output of a model. */
export interface Signature {
  readonly name: string
  readonly value: Value
  /** The shape of one example. */
  readonly sizes: readonly number[]
}

const signed = ({ name, value, sizes }: Signature) => ({
  [name]: { name: `${value}:0`, dtype: 'DT_FLOAT', tensorShape: shapeOf([-1, ...sizes]) },
})

const shapeOf = (sizes: readonly number[]) => ({ dim: sizes.map((size) => ({ size: String(size) })) })
