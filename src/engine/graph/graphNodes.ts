import { type AttributeValue, FLOAT, type GraphNodeDef, INT32 } from './savedModel.js'

/** The name of a node's output, which other nodes take as input. */
export type Value = string

const types = { float: FLOAT, int32: INT32 } as const

/** The type of floats, as an attribute. */
export const float: AttributeValue = { type: FLOAT }
/** The type of whole numbers, as an attribute. */
export const int32: AttributeValue = { type: INT32 }
/** A string, as an attribute. */
export const text = (value: string): AttributeValue => ({ s: Buffer.from(value) })

/** Collects the nodes of a graph; adds placeholders, outputs and constants. */
export class GraphNodes {
  readonly #nodes: GraphNodeDef[] = []

  get nodes(): readonly GraphNodeDef[] {
    return this.#nodes
  }

  /** A value that a run feeds under this name. */
  placeholder(name: string): Value {
    return this.operation('Placeholder', [], { dtype: float, shape: { shape: { unknownRank: true } } }, name)
  }

  /** Whole numbers that a run feeds under this name. */
  integerPlaceholder(name: string): Value {
    return this.operation('Placeholder', [], { dtype: int32, shape: { shape: { unknownRank: true } } }, name)
  }

  /** Gives a value a name under which a run fetches it. */
  output(name: string, value: Value): Value {
    return this.operation('Identity', [value], { T: float }, name)
  }

  /** A vector of whole numbers. */
  integers(values: readonly number[]): Value {
    return this.constant(values, [values.length])
  }

  /** A number. */
  number(value: number): Value {
    return this.#const('float', Float32Array.of(value), [])
  }

  /** A constant matrix, by rows. */
  matrix(rows: readonly (readonly number[])[]): Value {
    return this.#const('float', Float32Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0])
  }

  /** An empty operand, for an input that an operation has but does not read. */
  protected nothing(): Value {
    return this.#const('float', new Float32Array(), [0])
  }

  /** A constant of whole numbers. */
  protected constant(values: readonly number[], shape: readonly number[]): Value {
    return this.#const('int32', Int32Array.from(values), shape)
  }

  #const(type: keyof typeof types, values: Float32Array | Int32Array, shape: readonly number[]): Value {
    const tensor = {
      dtype: types[type],
      tensorShape: { dim: shape.map((size) => ({ size })) },
      tensorContent: new Uint8Array(values.buffer),
    }
    return this.operation('Const', [], { dtype: { type: types[type] }, value: { tensor } })
  }

  protected operation(
    op: string,
    input: readonly Value[],
    attr: Readonly<Record<string, AttributeValue>>,
    name = `${op}-${this.#nodes.length}`,
  ): Value {
    this.#nodes.push({ name, op, input, attr })
    return name
  }
}
