import type { Pair } from '../../dsl/kit/extent.js'
import { AxisNodes } from './axisNodes.js'
import { float, int32, text, type Value } from './graphNodes.js'
import type { AttributeValue } from './savedModel.js'

/** Pixels at each side of an image. */
interface Sides {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/**
 * Builds a TensorFlow graph of float32 tensors, node by node. Images are n × height × width × channels. Each method
 * adds one operation and returns its output.
 */
export class GraphBuilder extends AxisNodes {
  /** a·b, with one of them transposed. Not by `MatMul`, whose kernel does not survive signals: see `PwoaLinear`. */
  product(a: Value, b: Value, transposed: 'none' | 'first' | 'second' = 'none'): Value {
    return this.operation('BatchMatMulV2', [a, b], {
      T: float,
      adj_x: { b: transposed === 'first' },
      adj_y: { b: transposed === 'second' },
    })
  }

  /** @param shape one side may be −1: it is inferred */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.reshapeTo(x, this.integers(shape))
  }

  shapeOf(x: Value): Value {
    return this.operation('Shape', [x], { T: float, out_type: int32 })
  }

  /** Zeros at both ends of each axis of the images. */
  pad(x: Value, [down, across]: Pair): Value {
    const sides = this.constant([0, 0, down, down, across, across, 0, 0], [4, 2])
    return this.operation('Pad', [x, sides], { T: float, Tpaddings: int32 })
  }

  /** One number at chosen sides of the images. */
  padSides(x: Value, { top, bottom, left, right }: Sides, value: number): Value {
    const sides = this.constant([0, 0, top, bottom, left, right, 0, 0], [4, 2])
    return this.operation('PadV2', [x, sides, this.number(value)], { T: float, Tpaddings: int32 })
  }

  /** The inverse of `padSides`, to a size in pixels. */
  cropSides(x: Value, { top, left }: Pick<Sides, 'top' | 'left'>, height: number, width: number): Value {
    const begin = this.integers([0, top, left, 0])
    return this.operation('Slice', [x, begin, this.integers([-1, height, width, -1])], { T: float, Index: int32 })
  }

  /** The inverse of `pad`. */
  crop(x: Value, [top, left]: Pair, height: number, width: number): Value {
    return this.cropSides(x, { top, left }, height, width)
  }

  /** s² groups of channels of an image become the s × s pixels of a block: n × h × w × s²c to n × sh × sw × c. */
  depthToSpace(x: Value, block: number): Value {
    return this.operation('DepthToSpace', [x], { T: float, block_size: { i: block }, data_format: text('NHWC') })
  }

  transpose(x: Value, order: readonly number[]): Value {
    return this.operation('Transpose', [x, this.integers(order)], { T: float, Tperm: int32 })
  }

  /** Reverses the order along some axes. */
  reverse(x: Value, axes: readonly number[]): Value {
    return this.operation('ReverseV2', [x, this.integers(axes)], { T: float, Tidx: int32 })
  }

  /** Every so many rows and columns. */
  subsample(x: Value, stride: Pair): Value {
    return this.operation('StridedSlice', [x, ...this.#strides(stride)], subsampling)
  }

  subsampleGradient(inputShape: Value, dy: Value, stride: Pair): Value {
    return this.operation('StridedSliceGrad', [inputShape, ...this.#strides(stride), dy], subsampling)
  }

  /** The sum of several values of one shape. */
  sum(values: readonly Value[]): Value {
    const [first = '', ...others] = values
    return others.length === 0 ? first : this.operation('AddN', values, { T: float, N: { i: values.length } })
  }

  add(a: Value, b: Value): Value {
    return this.operation('AddV2', [a, b], { T: float })
  }

  subtract(a: Value, b: Value): Value {
    return this.operation('Sub', [a, b], { T: float })
  }

  multiply(a: Value, b: Value): Value {
    return this.operation('Mul', [a, b], { T: float })
  }

  divide(a: Value, b: Value): Value {
    return this.operation('RealDiv', [a, b], { T: float })
  }

  /**
   * a / b to the last bit, 0 for b = 0. TensorFlow's graph optimiser replaces other divisions by a constant by a product with
   * its reciprocal.
   */
  quotient(a: Value, b: Value): Value {
    return this.operation('DivNoNan', [a, b], { T: float })
  }

  squareRoot(x: Value): Value {
    return this.operation('Sqrt', [x], { T: float })
  }

  absolute(x: Value): Value {
    return this.operation('Abs', [x], { T: float })
  }

  exponential(x: Value): Value {
    return this.operation('Exp', [x], { T: float })
  }

  /** exp(x) − 1. */
  expm1(x: Value): Value {
    return this.operation('Expm1', [x], { T: float })
  }

  /** A function of each number by itself. */
  elementwise(op: 'Erf' | 'Round' | 'Sigmoid' | 'Sign' | 'Softplus' | 'Tanh', x: Value): Value {
    return this.operation(op, [x], { T: float })
  }

  /** exp(x) / Σ exp(x) along the last axis. */
  softmax(x: Value): Value {
    return this.operation('Softmax', [x], { T: float })
  }

  /** Zeros in the shape of a value. */
  zerosLike(x: Value): Value {
    return this.operation('ZerosLike', [x], { T: float })
  }

  /** The larger of two values at each place. */
  larger(a: Value, b: Value): Value {
    return this.operation('Maximum', [a, b], { T: float })
  }

  /** The smaller of two values at each place. */
  smaller(a: Value, b: Value): Value {
    return this.operation('Minimum', [a, b], { T: float })
  }

  /** The mean along some axes, which keep length 1 or are removed. */
  mean(x: Value, axes: readonly number[], reduced: 'kept' | 'removed' = 'kept'): Value {
    return this.#reduce('Mean', x, axes, reduced === 'kept')
  }

  /** The sum along some axes, which are removed. */
  total(x: Value, axes: readonly number[]): Value {
    return this.#reduce('Sum', x, axes, false)
  }

  /** The diagonal of a square matrix. */
  diagonalOf(x: Value): Value {
    return this.operation('MatrixDiagPart', [x], { T: float })
  }

  /** The diagonal matrix with this diagonal. */
  diagonal(x: Value): Value {
    return this.operation('MatrixDiag', [x], { T: float })
  }

  /** Reshapes n to n × 1. */
  column(x: Value): Value {
    return this.reshape(x, [-1, 1])
  }

  /** L with L·Lᵀ = a, for a symmetric positive definite a; NaN for others. */
  cholesky(a: Value): Value {
    return this.operation('Cholesky', [a], { T: float })
  }

  /** L⁻¹·b of a lower triangular L. */
  lowerSolve(factor: Value, b: Value): Value {
    return this.operation('MatrixTriangularSolve', [factor, b], { T: float, lower: { b: true }, adjoint: { b: false } })
  }

  /** x in the shape of `other`. */
  reshapeLike(x: Value, other: Value): Value {
    return this.reshapeTo(x, this.shapeOf(other))
  }

  /** @param shape a vector of whole numbers; one may be −1: it is inferred */
  reshapeTo(x: Value, shape: Value): Value {
    return this.operation('Reshape', [x, shape], { T: float, Tshape: int32 })
  }

  #reduce(op: 'Mean' | 'Sum', x: Value, axes: readonly number[], keeps: boolean): Value {
    return this.operation(op, [x, this.integers(axes)], { T: float, Tidx: int32, keep_dims: { b: keeps } })
  }

  #strides(stride: Pair): readonly Value[] {
    const zeros = this.integers([0, 0, 0, 0])
    return [zeros, zeros, this.integers([1, ...stride, 1])]
  }
}

/** Slices run from end to end of every axis. */
const subsampling: Readonly<Record<string, AttributeValue>> = {
  T: float,
  Index: int32,
  begin_mask: { i: 15 },
  end_mask: { i: 15 },
  ellipsis_mask: { i: 0 },
  new_axis_mask: { i: 0 },
  shrink_axis_mask: { i: 0 },
}
