import { type AttributeValue, FLOAT, type GraphNodeDef, INT32 } from './savedModel.js'

/** An output of a node, by name: what further nodes take as input. */
export type Value = string

export const float: AttributeValue = { type: FLOAT }
export const int32: AttributeValue = { type: INT32 }
export const text = (value: string): AttributeValue => ({ s: Buffer.from(value) })

/** The nodes of a graph as they are added, what a run feeds and fetches, and constants. */
export class GraphNodes {
  readonly #nodes: GraphNodeDef[] = []

  get nodes(): readonly GraphNodeDef[] {
    return this.#nodes
  }

  /** What a run feeds under this name. */
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
    const content = new Uint8Array(Float32Array.of(value).buffer)
    const tensor = { dtype: FLOAT, tensorShape: { dim: [] }, tensorContent: content }
    return this.operation('Const', [], { dtype: float, value: { tensor } })
  }

  /** A constant matrix, by rows. */
  matrix(rows: readonly (readonly number[])[]): Value {
    const tensor = {
      dtype: FLOAT,
      tensorShape: { dim: [rows.length, rows[0]?.length ?? 0].map((size) => ({ size })) },
      tensorContent: new Uint8Array(Float32Array.from(rows.flat()).buffer),
    }
    return this.operation('Const', [], { dtype: float, value: { tensor } })
  }

  /** An operand of length 0, where an operation wants one that it does not read. */
  protected nothing(): Value {
    const tensor = { dtype: FLOAT, tensorShape: { dim: [{ size: 0 }] }, tensorContent: new Uint8Array() }
    return this.operation('Const', [], { dtype: float, value: { tensor } })
  }

  /** Whole numbers in some shape. */
  protected constant(values: readonly number[], shape: readonly number[]): Value {
    const tensor = {
      dtype: INT32,
      tensorShape: { dim: shape.map((size) => ({ size })) },
      tensorContent: new Uint8Array(Int32Array.from(values).buffer),
    }
    return this.operation('Const', [], { dtype: int32, value: { tensor } })
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
