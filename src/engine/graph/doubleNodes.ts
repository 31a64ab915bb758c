import { double, float, GraphNodes, int32, type Value } from './graphNodes.js'

/** The name of a value in float64. It is not a `Value`, so that operations on float32 do not accept it. */
export interface DoubleValue {
  readonly double: Value
}

/** Adds operations in float64, for the few numbers of a loss whose differences would lose digits in float32. */
export class DoubleNodes extends GraphNodes {
  toDouble(x: Value): DoubleValue {
    return { double: this.operation('Cast', [x], { SrcT: float, DstT: double }) }
  }

  toFloat(x: DoubleValue): Value {
    return this.operation('Cast', [x.double], { SrcT: double, DstT: float })
  }

  /** log softmax of each row. */
  logSoftmaxDouble(x: DoubleValue): DoubleValue {
    return this.#of('LogSoftmax', [x])
  }

  exponentialDouble(x: DoubleValue): DoubleValue {
    return this.#of('Exp', [x])
  }

  subtractDouble(a: DoubleValue, b: DoubleValue): DoubleValue {
    return this.#of('Sub', [a, b])
  }

  multiplyDouble(a: DoubleValue, b: DoubleValue): DoubleValue {
    return this.#of('Mul', [a, b])
  }

  /** x times a number. */
  scaleDouble(x: DoubleValue, factor: number): DoubleValue {
    return this.#of('Mul', [x, { double: this.doubleNumber(factor) }])
  }

  /** The sum along some axes, which are removed. */
  totalDouble(x: DoubleValue, axes: readonly number[]): DoubleValue {
    const attributes = { T: double, Tidx: int32, keep_dims: { b: false } }
    return { double: this.operation('Sum', [x.double, this.integers(axes)], attributes) }
  }

  #of(op: string, inputs: readonly DoubleValue[]): DoubleValue {
    return {
      double: this.operation(
        op,
        inputs.map((input) => input.double),
        { T: double },
      ),
    }
  }
}
