import type { AttributeRule, AttributeRules, AttributeValue } from './attributes.js'

type Range = Pick<AttributeRule, 'since' | 'until'>

const among = (...values: readonly (number | string)[]): NonNullable<AttributeRule['accepts']> => ({
  words: values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`,
  test: (value) => values.some((each) => each === value),
})

const isList = (value: AttributeValue): value is readonly number[] => typeof value === 'object'

/** A number for the height and one for the width. */
const pair = (least: number, most = Infinity): NonNullable<AttributeRule['accepts']> => ({
  words: least === most ? `[${least}, ${least}]` : `2 whole numbers >= ${least}`,
  test: (value) => isList(value) && value.length === 2 && value.every((each) => each >= least && each <= most),
})

const int = (otherwise?: number, accepts?: AttributeRule['accepts'], range: Range = {}): AttributeRule => ({
  type: 'int',
  ...(otherwise === undefined ? {} : { otherwise }),
  ...(accepts ? { accepts } : {}),
  ...range,
})
const float = (otherwise?: number, range: Range = {}): AttributeRule => ({
  type: 'float',
  ...(otherwise === undefined ? {} : { otherwise }),
  accepts: { words: 'a finite number', test: (value) => Number.isFinite(value) },
  ...range,
})
const text = (otherwise: string, ...values: readonly string[]): AttributeRule => ({
  type: 'string',
  otherwise,
  accepts: among(...values),
})
const ints = (accepts?: AttributeRule['accepts'], range: Range = {}): AttributeRule => ({
  type: 'ints',
  ...(accepts ? { accepts } : {}),
  ...range,
})

const flag = among(0, 1)

const window = {
  auto_pad: text('NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  kernel_shape: ints(pair(1)),
  strides: ints(pair(1)),
  pads: ints({
    words: '4 whole numbers >= 0',
    test: (value) => isList(value) && value.length === 4 && value.every((each) => each >= 0),
  }),
} satisfies AttributeRules

/** Pooling layers look at every pixel of a window. */
const undilated = pair(1, 1)

const reduction = {
  axes: ints(undefined, { until: 17 }),
  keepdims: int(1, flag),
  noop_with_empty_axes: int(0, flag, { since: 18 }),
} satisfies AttributeRules

/**
 * The supported operators of ONNX, each with its attributes that are understood: type, accepted values, default, and the
 * opsets that have it. Any other attribute of a node, or another value, is an error: read past, it would change the
 * network in silence.
 *
 * Source: the ONNX specification, Operators.md and Changelog.md, github.com/onnx/onnx.
 */
export const declared = {
  Add: {},
  Attention: {
    is_causal: int(0, among(0), { since: 23 }),
    kv_num_heads: int(undefined, undefined, { since: 23 }),
    q_num_heads: int(undefined, undefined, { since: 23 }),
    qk_matmul_output_mode: int(0, undefined, { since: 23 }),
    scale: float(undefined, { since: 23 }),
    softcap: float(0, { since: 23 }),
    softmax_precision: int(1, undefined, { since: 23 }),
  },
  AveragePool: {
    ...window,
    ceil_mode: int(0, flag, { since: 10 }),
    count_include_pad: int(0, flag),
    dilations: ints(undilated, { since: 19 }),
  },
  BatchNormalization: {
    epsilon: float(1e-5),
    // Of training alone: layers here have PyTorch's.
    momentum: float(0.9),
    spatial: int(1, among(1), { until: 8 }),
    training_mode: int(0, among(0), { since: 14 }),
  },
  Cast: { to: int(), saturate: int(1, among(1), { since: 19 }) },
  CastLike: { saturate: int(1, among(1), { since: 19 }) },
  Ceil: {},
  Clip: { min: float(undefined, { until: 10 }), max: float(undefined, { until: 10 }) },
  Concat: { axis: int() },
  Constant: {
    value: { type: 'tensor' },
    value_float: float(undefined, { since: 12 }),
    value_floats: { type: 'floats', since: 12 },
    value_int: int(undefined, undefined, { since: 12 }),
    value_ints: ints(undefined, { since: 12 }),
  },
  ConstantOfShape: { value: { type: 'tensor', since: 9 } },
  Conv: {
    ...window,
    dilations: ints(pair(1)),
    group: int(1, { words: 'a whole number >= 1', test: (value) => typeof value === 'number' && value >= 1 }),
  },
  ConvTranspose: {
    ...window,
    dilations: ints(pair(1)),
    group: int(1, { words: 'a whole number >= 1', test: (value) => typeof value === 'number' && value >= 1 }),
    output_padding: ints(pair(0)),
    output_shape: ints(pair(1)),
  },
  Div: {},
  // Both are of training alone.
  DequantizeLinear: {
    axis: int(1, undefined, { since: 13 }),
    block_size: int(0, among(0), { since: 21 }),
    output_dtype: int(0, among(0, 1), { since: 23 }),
  },
  Dropout: { ratio: float(0.5, { until: 11 }), seed: int(0, undefined, { since: 12 }) },
  Elu: { alpha: float(1) },
  Equal: {},
  Erf: {},
  Exp: {},
  Expand: {},
  Flatten: { axis: int(1) },
  Gather: { axis: int(0) },
  Gelu: { approximate: text('none', 'none', 'tanh') },
  Gemm: { alpha: float(1), beta: float(1), transA: int(0, among(0)), transB: int(0, flag) },
  GlobalAveragePool: {},
  GlobalMaxPool: {},
  GroupNormalization: { num_groups: int(), epsilon: float(1e-5), stash_type: int(1, among(1), { since: 21 }) },
  HardSigmoid: { alpha: float(0.2), beta: float(0.5) },
  HardSwish: {},
  Identity: {},
  InstanceNormalization: { epsilon: float(1e-5) },
  LayerNormalization: { axis: int(-1), epsilon: float(1e-5), stash_type: int(1, among(1)) },
  LeakyRelu: { alpha: float(0.01) },
  LogSoftmax: { axis: int(-1, among(1, -1)) },
  MatMul: {},
  Max: {},
  MaxPool: {
    ...window,
    ceil_mode: int(0, flag, { since: 10 }),
    dilations: ints(undilated, { since: 10 }),
    // Of the second output alone, which no layer has.
    storage_order: int(0, flag, { since: 8 }),
  },
  Min: {},
  Mish: {},
  Mod: { fmod: int(0, flag) },
  Mul: {},
  Neg: {},
  Pad: {
    mode: text('constant', 'constant', 'reflect', 'edge', 'wrap'),
    pads: ints(undefined, { until: 10 }),
    // Before a maximum, exporters pad by −∞.
    value: { type: 'float', otherwise: 0, until: 10 },
  },
  PRelu: {},
  Pow: {},
  QuantizeLinear: {
    axis: int(1, undefined, { since: 13 }),
    saturate: int(1, undefined, { since: 19 }),
    output_dtype: int(0, among(0, 2, 3), { since: 21 }),
    precision: int(0, among(0, 1), { since: 23 }),
    block_size: int(0, among(0), { since: 21 }),
  },
  Range: { stash_type: int(1, among(1), { since: 27 }) },
  Reciprocal: {},
  ReduceL2: reduction,
  ReduceMax: reduction,
  ReduceMean: reduction,
  ReduceSum: { ...reduction, axes: ints(undefined, { until: 12 }), noop_with_empty_axes: int(0, flag, { since: 13 }) },
  Relu: {},
  Reshape: { allowzero: int(0, flag, { since: 14 }) },
  Resize: {
    antialias: int(0, among(0), { since: 18 }),
    axes: ints(undefined, { since: 18 }),
    coordinate_transformation_mode: {
      ...text('half_pixel', 'half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'),
      since: 11,
    },
    cubic_coeff_a: float(-0.75, { since: 11 }),
    exclude_outside: int(0, among(0), { since: 11 }),
    extrapolation_value: float(0, { since: 11 }),
    keep_aspect_ratio_policy: { ...text('stretch', 'stretch'), since: 18 },
    mode: text('nearest', 'nearest', 'linear'),
    nearest_mode: {
      ...text('round_prefer_floor', 'round_prefer_floor', 'round_prefer_ceil', 'floor'),
      since: 11,
    },
  },
  SequenceAt: {},
  Shape: { start: int(0, undefined, { since: 15 }), end: int(undefined, undefined, { since: 15 }) },
  Sigmoid: {},
  Slice: {
    axes: ints(undefined, { until: 9 }),
    ends: ints(undefined, { until: 9 }),
    starts: ints(undefined, { until: 9 }),
  },
  Softplus: {},
  // The only axis of one vector for each image: the default of every opset.
  Softmax: { axis: int(-1) },
  Split: { axis: int(0), num_outputs: int(undefined, undefined, { since: 18 }), split: ints(undefined, { until: 12 }) },
  SplitToSequence: { axis: int(0), keepdims: int(1, flag) },
  Squeeze: { axes: ints(undefined, { until: 12 }) },
  Sqrt: {},
  Sub: {},
  Sum: {},
  Swish: { alpha: float(1) },
  Tanh: {},
  Tile: {},
  Transpose: { perm: ints() },
  Unsqueeze: { axes: ints(undefined, { until: 12 }) },
  Where: {},
} as const satisfies Readonly<Record<string, AttributeRules>>

/** An operator that is supported. */
export type OperatorName = keyof typeof declared
