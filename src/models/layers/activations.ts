import { given as kept } from '../../dsl/kit/given.js'
import type { OptionsOf } from '../../dsl/options/declare.js'
import type { Nonlinearity } from '../activations/nonlinearity.js'
import type { ActivationLayer, PreluLayer } from './layer.js'
import {
  type EluOptions,
  eluOptions,
  type GeluOptions,
  geluOptions,
  type LeakyReluOptions,
  leakyReluOptions,
  type PreluOptions,
  preluOptions,
  type SoftplusOptions,
  softplusOptions,
} from './layerOptions.js'
import type { Placement } from './placement.js'
import { placementOptions } from './placement.js'

/** A layer that applies a function to each number. Its output is a hidden activation, as that of `relu`. */
const layer = (given: Nonlinearity, { id, inputs }: OptionsOf<typeof placementOptions>): ActivationLayer => ({
  type: 'activation',
  function: given,
  ...kept({ id, inputs }),
})

/** A factory of layers without options of their own. */
const plain =
  (given: Nonlinearity) =>
  (placement: Placement = {}): ActivationLayer => {
    placementOptions.read(placement, given.type)
    return layer(given, placement)
  }

/**
 * x·σ(x), as `torch.nn.SiLU()`; also called Swish.
 *
 * Source: Hendrycks, Gimpel, "Gaussian Error Linear Units", 2016; Ramachandran, Zoph, Le, "Searching for Activation
 * Functions", 2017.
 */
export const silu = plain({ type: 'silu' })

/** 1 / (1 + exp(−x)), as `torch.nn.Sigmoid()`. */
export const sigmoid = plain({ type: 'sigmoid' })

/** tanh(x), as `torch.nn.Tanh()`. */
export const tanh = plain({ type: 'tanh' })

/** min(max(0, x), 6), as `torch.nn.ReLU6()`. */
export const relu6 = plain({ type: 'relu6' })

/** min(max(0, x + 3), 6) / 6, as `torch.nn.Hardsigmoid()`. Source: Howard et al., "Searching for MobileNetV3", 2019. */
export const hardSigmoid = plain({ type: 'hardSigmoid' })

/** x·min(max(0, x + 3), 6) / 6, as `torch.nn.Hardswish()`. Source: as of `hardSigmoid`. */
export const hardSwish = plain({ type: 'hardSwish' })

/** x·tanh(ln(1 + exp(x))), as `torch.nn.Mish()`. Source: Misra, "Mish", BMVC 2020. */
export const mish = plain({ type: 'mish' })

/**
 * x·Φ(x), with the share Φ(x) of a standard normal distribution below x, as `torch.nn.GELU(approximate=…)`.
 *
 * Source: Hendrycks, Gimpel, "Gaussian Error Linear Units", 2016.
 */
export const gelu = (options: GeluOptions = {}): ActivationLayer => {
  const { approximate } = geluOptions.read(options)
  return layer({ type: 'gelu', approximate }, options)
}

/** max(0, x) + slope·min(0, x), as `torch.nn.LeakyReLU(slope)`. */
export const leakyRelu = (options: LeakyReluOptions = {}): ActivationLayer => {
  const { slope } = leakyReluOptions.read(options)
  return layer({ type: 'leakyRelu', slope }, options)
}

/** x for x > 0, else α·(exp(x) − 1), as `torch.nn.ELU(alpha)`. Source: Clevert, Unterthiner, Hochreiter, ICLR 2016. */
export const elu = (options: EluOptions = {}): ActivationLayer => {
  const { alpha } = eluOptions.read(options)
  return layer({ type: 'elu', alpha }, options)
}

/** ln(1 + exp(β·x)) / β, as `torch.nn.Softplus(beta)`. */
export const softplus = (options: SoftplusOptions = {}): ActivationLayer => {
  const { beta } = softplusOptions.read(options)
  return layer({ type: 'softplus', beta }, options)
}

/**
 * x for x > 0, else a·x, as `torch.nn.PReLU(num_parameters)`. The slopes a, `<name>.weight`, begin at 0.25; they are
 * learned, not pruned.
 *
 * Source: He et al., "Delving Deep into Rectifiers", ICCV 2015.
 */
export const prelu = (name: string, options: PreluOptions = {}): PreluLayer => {
  const { slopes } = preluOptions.read(options, `prelu ${JSON.stringify(name)}`)
  return { type: 'prelu', name, ...kept(options), slopes }
}
