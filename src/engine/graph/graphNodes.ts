import { type AttributeValue, DOUBLE, FLOAT, type GraphNodeDef, INT32 } from './savedModel.js'

/** The name of a node's output, which other nodes take as input. */
export type Value = string

const types = { double: DOUBLE, float: FLOAT, int32: INT32 } as const

/** The type of floats, as an attribute. */
export const float: AttributeValue = { type: FLOAT }
/** The type of numbers of twice the precision, as an attribute. */
export const double: AttributeValue = { type: DOUBLE }
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

  /**
   * Adds all nodes of another graph.
   *
   * @param inputs a value of this graph for each placeholder of the other one
   * @returns the value here of an output there
   * @throws Error if a placeholder has no value, which is a defect of this package
   */
  include({ nodes }: GraphNodes, inputs: Readonly<Record<string, Value>>): (output: string) => Value {
    const prefix = `included-${this.#nodes.length}/`
    const here = (value: Value): Value => inputs[value] ?? `${prefix}${value}`
    for (const { name, op, input, attr } of nodes) {
      if (op !== 'Placeholder') this.#nodes.push({ name: `${prefix}${name}`, op, input: input.map(here), attr })
      else if (inputs[name] === undefined) throw new Error(`a graph that is included needs a value for "${name}"`)
    }
    return here
  }

  /** The same value, but not before another one is computed: what is computed from it does not have to be kept so long. */
  after(value: Value, other: Value): Value {
    return this.operation('Identity', [value, `^${other.split(':')[0]}`], { T: float })
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

  /** A number of twice the precision. */
  protected doubleNumber(value: number): Value {
    return this.#const('double', Float64Array.of(value), [])
  }

  /** An empty operand, for an input that an operation has but does not read. */
  protected nothing(): Value {
    return this.#const('float', new Float32Array(), [0])
  }

  /** A constant of whole numbers. */
  protected constant(values: readonly number[], shape: readonly number[]): Value {
    return this.#const('int32', Int32Array.from(values), shape)
  }

  #const(type: keyof typeof types, values: Float32Array | Float64Array | Int32Array, shape: readonly number[]): Value {
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
