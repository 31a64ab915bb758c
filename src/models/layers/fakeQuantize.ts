import { given as kept } from '../../dsl/kit/given.js'
import type { EightBits, FakeQuantizeLayer } from './layer.js'
import { type FakeQuantizeOptions, fakeQuantizeOptions } from './layerOptions.js'

/** The least and the largest integer of each type. */
export const integerBounds: Readonly<Record<EightBits, { readonly least: number; readonly most: number }>> = {
  uint8: { least: 0, most: 255 },
  int8: { least: -128, most: 127 },
  uint7: { least: 0, most: 127 },
}

/** The types of integers, by name. */
export const integerTypes = ['uint8', 'int8', 'uint7'] as const satisfies readonly EightBits[]

/**
 * Numbers rounded as an 8-bit network rounds them: (q − zero point)·scale with q = x / scale + zero point, rounded (halves
 * to the even number) and clipped to the range of the integers. It is what ONNX's `QuantizeLinear` and `DequantizeLinear`
 * compute together, in float32.
 *
 * The gradient is 1 for numbers within the range, and 0 for those that are clipped (straight-through), as PyTorch's
 * `torch.fake_quantize_per_tensor_affine` has it.
 *
 * Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
 * CVPR 2018; the ONNX specification, QuantizeLinear; Bengio, Léonard, Courville, "Estimating or Propagating Gradients
 * Through Stochastic Neurons", 2013, sec. 4 (straight-through).
 * @example
 * const rounded = fakeQuantize({ scale: [0.02], zeroPoint: [0] })
 */
export const fakeQuantize = (options: FakeQuantizeOptions): FakeQuantizeLayer => {
  const { scale, zeroPoint, integers } = fakeQuantizeOptions.read(options)
  const { id, inputs } = options
  return { type: 'fakeQuantize', ...kept({ id, inputs }), scale, zeroPoint, integers }
}

/** The grid of a layer: of each channel, or of all, the step and its least and largest multiple. */
export const multiplesOf = ({ scale, zeroPoint, integers }: FakeQuantizeLayer) => {
  const { least, most } = integerBounds[integers]
  return {
    step: scale.map(Math.fround),
    low: zeroPoint.map((zero) => least - zero),
    high: zeroPoint.map((zero) => most - zero),
  }
}

/** The nearest whole number; of a half, the even one. */
export const nearestEven = (x: number): number => {
  const nearest = Math.round(x)
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest
}

/** What a layer makes of a number of a channel, in float32; NaN of NaN. */
export const roundedBy = (layer: FakeQuantizeLayer) => {
  const { step, low, high } = multiplesOf(layer)
  return (x: number, channel: number): number => {
    const at = step.length === 1 ? 0 : channel
    const [size = 1, least = 0, most = 0] = [step[at], low[at], high[at]]
    const multiple = nearestEven(Math.fround(Math.fround(x) / size))
    return Math.fround(Math.min(Math.max(multiple, least), most) * size)
  }
}
