import { type AttributeValue, FLOAT, type GraphNodeDef, INT32 } from './savedModel.js'

/** An output of a node, by name: what further nodes take as input. */
export type Value = string

const float: AttributeValue = { type: FLOAT }
const int32: AttributeValue = { type: INT32 }
const text = (value: string): AttributeValue => ({ s: Buffer.from(value) })

/** Attributes of a convolution and its gradients. */
const windows = (stride: number, padding: 'same' | 'valid'): Readonly<Record<string, AttributeValue>> => ({
  strides: { list: { i: [1, stride, stride, 1] } },
  padding: text(padding.toUpperCase()),
  data_format: text('NHWC'),
})

/** Attributes of pooling and its gradients. */
const pooling = (kernel: number, stride: number): Readonly<Record<string, AttributeValue>> => ({
  ...windows(stride, 'valid'),
  ksize: { list: { i: [1, kernel, kernel, 1] } },
})

export type Padding = 'same' | 'valid'

/**
 * Writes a TensorFlow graph of float32 tensors, node by node: images n × height × width × channels. Each method adds
 * one operation and returns its output.
 */
export class GraphBuilder {
  readonly #nodes: GraphNodeDef[] = []

  get nodes(): readonly GraphNodeDef[] {
    return this.#nodes
  }

  /** What a run feeds under this name. */
  placeholder(name: string): Value {
    return this.#add('Placeholder', [], { dtype: float, shape: { shape: { unknownRank: true } } }, name)
  }

  /** Whole numbers that a run feeds under this name. */
  integerPlaceholder(name: string): Value {
    return this.#add('Placeholder', [], { dtype: int32, shape: { shape: { unknownRank: true } } }, name)
  }

  /** Gives a value a name under which a run fetches it. */
  output(name: string, value: Value): Value {
    return this.#add('Identity', [value], { T: float }, name)
  }

  /** `relu(x ∗ filter + bias)` and the like are written as three operations: TensorFlow joins them when it loads them. */
  conv2d(x: Value, filter: Value, stride: number, padding: Padding): Value {
    return this.#add('Conv2D', [x, filter], { T: float, ...windows(stride, padding) })
  }

  conv2dInputGradient(inputShape: Value, filter: Value, dy: Value, stride: number, padding: Padding): Value {
    return this.#add('Conv2DBackpropInput', [inputShape, filter, dy], { T: float, ...windows(stride, padding) })
  }

  conv2dFilterGradient(x: Value, filterShape: readonly number[], dy: Value, stride: number, padding: Padding): Value {
    return this.#add('Conv2DBackpropFilter', [x, this.integers(filterShape), dy], {
      T: float,
      ...windows(stride, padding),
    })
  }

  biasAdd(x: Value, bias: Value): Value {
    return this.#add('BiasAdd', [x, bias], { T: float, data_format: text('NHWC') })
  }

  biasGradient(dy: Value): Value {
    return this.#add('BiasAddGrad', [dy], { T: float, data_format: text('NHWC') })
  }

  /** a·b, either of them transposed. Not `MatMul`, whose kernel does not survive signals: see `PwoaLinear`. */
  product(a: Value, b: Value, transposed: 'none' | 'first' | 'second' = 'none'): Value {
    return this.#add('BatchMatMulV2', [a, b], {
      T: float,
      adj_x: { b: transposed === 'first' },
      adj_y: { b: transposed === 'second' },
    })
  }

  relu(x: Value): Value {
    return this.#add('Relu', [x], { T: float })
  }

  /** dy where y > 0, else 0. */
  reluGradient(dy: Value, y: Value): Value {
    return this.#add('ReluGrad', [dy, y], { T: float })
  }

  maxPool(x: Value, kernel: number, stride: number): Value {
    return this.#add('MaxPool', [x], { T: float, ...pooling(kernel, stride) })
  }

  maxPoolGradient(x: Value, y: Value, dy: Value, kernel: number, stride: number): Value {
    return this.#add('MaxPoolGrad', [x, y, dy], { T: float, ...pooling(kernel, stride) })
  }

  avgPool(x: Value, kernel: number, stride: number): Value {
    return this.#add('AvgPool', [x], { T: float, ...pooling(kernel, stride) })
  }

  avgPoolGradient(inputShape: Value, dy: Value, kernel: number, stride: number): Value {
    return this.#add('AvgPoolGrad', [inputShape, dy], { T: float, ...pooling(kernel, stride) })
  }

  /** @param shape one side may be −1: what is left */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.#add('Reshape', [x, this.integers(shape)], { T: float, Tshape: int32 })
  }

  shapeOf(x: Value): Value {
    return this.#add('Shape', [x], { T: float, out_type: int32 })
  }

  /** Zeros on each side of the images. */
  pad(x: Value, padding: number): Value {
    const sides = this.#constant([0, 0, padding, padding, padding, padding, 0, 0], [4, 2])
    return this.#add('Pad', [x, sides], { T: float, Tpaddings: int32 })
  }

  /** The inverse of `pad`. */
  crop(x: Value, padding: number, height: number, width: number): Value {
    const begin = this.integers([0, padding, padding, 0])
    return this.#add('Slice', [x, begin, this.integers([-1, height, width, -1])], { T: float, Index: int32 })
  }

  /** Every `stride`-th row and column. */
  subsample(x: Value, stride: number): Value {
    return this.#add('StridedSlice', [x, ...this.#strides(stride)], subsampling)
  }

  subsampleGradient(inputShape: Value, dy: Value, stride: number): Value {
    return this.#add('StridedSliceGrad', [inputShape, ...this.#strides(stride), dy], subsampling)
  }

  /** The sum of several values of one shape. */
  sum(values: readonly Value[]): Value {
    const [first = '', ...others] = values
    return others.length === 0 ? first : this.#add('AddN', values, { T: float, N: { i: values.length } })
  }

  add(a: Value, b: Value): Value {
    return this.#add('AddV2', [a, b], { T: float })
  }

  subtract(a: Value, b: Value): Value {
    return this.#add('Sub', [a, b], { T: float })
  }

  multiply(a: Value, b: Value): Value {
    return this.#add('Mul', [a, b], { T: float })
  }

  absolute(x: Value): Value {
    return this.#add('Abs', [x], { T: float })
  }

  /** exp(x) − 1. */
  expm1(x: Value): Value {
    return this.#add('Expm1', [x], { T: float })
  }

  /** The mean along some axes, which stay with length 1. */
  mean(x: Value, axes: readonly number[]): Value {
    return this.#reduce('Mean', x, axes, true)
  }

  /** The sum along some axes, which go. */
  total(x: Value, axes: readonly number[]): Value {
    return this.#reduce('Sum', x, axes, false)
  }

  /** The diagonal of a square matrix, and the matrix that has it. */
  diagonalOf(x: Value): Value {
    return this.#add('MatrixDiagPart', [x], { T: float })
  }

  diagonal(x: Value): Value {
    return this.#add('MatrixDiag', [x], { T: float })
  }

  /** n to n × 1. */
  column(x: Value): Value {
    return this.reshape(x, [-1, 1])
  }

  /** L with L·Lᵀ = a, for a symmetric positive definite a; NaN for others. */
  cholesky(a: Value): Value {
    return this.#add('Cholesky', [a], { T: float })
  }

  /** L⁻¹·b of a lower triangular L. */
  lowerSolve(factor: Value, b: Value): Value {
    return this.#add('MatrixTriangularSolve', [factor, b], { T: float, lower: { b: true }, adjoint: { b: false } })
  }

  /** A number. */
  number(value: number): Value {
    const tensor = {
      dtype: FLOAT,
      tensorShape: { dim: [] },
      tensorContent: new Uint8Array(Float32Array.of(value).buffer),
    }
    return this.#add('Const', [], { dtype: float, value: { tensor } })
  }

  /** The shape that another value has. */
  reshapeLike(x: Value, other: Value): Value {
    return this.#add('Reshape', [x, this.shapeOf(other)], { T: float, Tshape: int32 })
  }

  /** One row per image. @param rows the shape as a value */
  reshapeTo(x: Value, shape: Value): Value {
    return this.#add('Reshape', [x, shape], { T: float, Tshape: int32 })
  }

  /** Behind one another along the first axis. */
  concat(values: readonly Value[]): Value {
    const [first = '', ...others] = values
    if (others.length === 0) return first
    return this.#add('ConcatV2', [...values, this.#constant([0], [])], {
      T: float,
      N: { i: values.length },
      Tidx: int32,
    })
  }

  /** The inverse of `concat`. @param sizes along the first axis, a vector of `count` numbers */
  split(x: Value, sizes: Value, count: number): readonly Value[] {
    if (count === 1) return [x]
    const node = this.#add('SplitV', [x, sizes, this.#constant([0], [])], {
      T: float,
      Tlen: int32,
      num_split: { i: count },
    })
    return Array.from({ length: count }, (_, i) => `${node}:${i}`)
  }

  /** A vector of whole numbers. */
  integers(values: readonly number[]): Value {
    return this.#constant(values, [values.length])
  }

  #reduce(op: 'Mean' | 'Sum', x: Value, axes: readonly number[], keeps: boolean): Value {
    return this.#add(op, [x, this.integers(axes)], { T: float, Tidx: int32, keep_dims: { b: keeps } })
  }

  #strides(stride: number): readonly Value[] {
    const zeros = this.integers([0, 0, 0, 0])
    return [zeros, zeros, this.integers([1, stride, stride, 1])]
  }

  #constant(values: readonly number[], shape: readonly number[]): Value {
    const tensor = {
      dtype: INT32,
      tensorShape: { dim: shape.map((size) => ({ size })) },
      tensorContent: new Uint8Array(Int32Array.from(values).buffer),
    }
    return this.#add('Const', [], { dtype: int32, value: { tensor } })
  }

  #add(
    op: string,
    input: readonly Value[],
    attr: Readonly<Record<string, AttributeValue>>,
    name = `${op}-${this.#nodes.length}`,
  ): Value {
    this.#nodes.push({ name, op, input, attr })
    return name
  }
}

/** All of both ends, whatever the images' size. */
const subsampling: Readonly<Record<string, AttributeValue>> = {
  T: float,
  Index: int32,
  begin_mask: { i: 15 },
  end_mask: { i: 15 },
  ellipsis_mask: { i: 0 },
  new_axis_mask: { i: 0 },
  shrink_axis_mask: { i: 0 },
}
