import { declareOptions, type OptionsOf } from '../dsl/options/declare.js'
import { epsilon as epsilonOption, list, made, nameOfMade, whole } from '../dsl/options/kinds.js'
import type { Option } from '../dsl/options/option.js'
import { fillSigns, fillUniform, type RandomStream } from './random.js'

/** Height, width and channels of a batch of n images, row-major NHWC. */
export interface BatchShape {
  readonly examples: number
  readonly height: number
  readonly width: number
  readonly channels: number
}

/**
 * A random, gradient-free perturbation as a value. It is not an attack: it asks no network, and costs one draw per
 * minibatch.
 */
export interface Perturbation {
  readonly name: string
  readonly config: Readonly<Record<string, unknown>>
  /** ε, in (0, 1]: radius of the L∞ ball. */
  readonly epsilon: number
  /** Noise to add to a batch, NHWC, each value in [−ε, ε]. */
  readonly draw: (shape: BatchShape, random: RandomStream) => Float32Array
}

/** An option: noise. */
export const noiseOption = (): Option<Perturbation> =>
  made('noise, such as blockNoise({ … })', (value) => 'draw' in value, undefined, {
    meant: (value) => {
      const attack = nameOfMade(value, 'perturb')
      return attack === undefined ? undefined : `${attack} is an attack: write adversarial(${attack}({ … }))`
    },
  })

const radius = {
  /** Radius of the L∞ ball, in (0, 1]; images are in [0, 1]. */
  epsilon: epsilonOption(),
}

/** What {@link signNoise} takes. */
export const signNoiseOptions = declareOptions('signNoise', radius)

/** What {@link uniformNoise} takes. */
export const uniformNoiseOptions = declareOptions('uniformNoise', radius)

/** What {@link blockNoise} takes. */
export const blockNoiseOptions = declareOptions('blockNoise', {
  ...radius,
  /** Block edges to draw from, in pixels, each ≥ 1. @default [1, 2, 3, 4, 5, 6, 7] */
  blocks: list(whole(1, { unit: 'pixels' }), { least: 1 }).default([1, 2, 3, 4, 5, 6, 7]),
})

/** Options of {@link signNoise} and {@link uniformNoise}. */
export interface NoiseOptions extends OptionsOf<typeof signNoiseOptions> {}

/** Options of {@link blockNoise}. */
export interface BlockNoiseOptions extends OptionsOf<typeof blockNoiseOptions> {}

const sizeOf = ({ examples, height, width, channels }: BatchShape): number => examples * height * width * channels

/**
 * One random sign per block of k × k pixels and channel, times ε; each minibatch draws its own k. Its low frequencies
 * keep a distilled student robust.
 *
 * @throws OptionError for an ε outside (0, 1] or a block edge < 1
 */
export const blockNoise = (options: BlockNoiseOptions): Perturbation => {
  const read = blockNoiseOptions.read(options)
  const { epsilon, blocks } = read
  return {
    name: 'blockNoise',
    config: blockNoiseOptions.config(read),
    epsilon,
    draw: (shape, random) => {
      const { examples, height, width, channels } = shape
      const edge = blocks[random.int(blocks.length)] ?? 1
      const across = Math.ceil(width / edge)
      const signs = new Float32Array(examples * Math.ceil(height / edge) * across * channels)
      fillSigns(signs, random)
      const noise = new Float32Array(sizeOf(shape))
      let to = 0
      for (let example = 0; example < examples; example++) {
        const first = (example * signs.length) / examples
        for (let y = 0; y < height; y++) {
          const row = first + Math.floor(y / edge) * across * channels
          for (let x = 0; x < width; x++) {
            const block = row + Math.floor(x / edge) * channels
            for (let c = 0; c < channels; c++) noise[to++] = (signs[block + c] ?? 0) * epsilon
          }
        }
      }
      return noise
    },
  }
}

/**
 * One random sign per pixel and channel, times ε: the corners of the L∞ ball.
 *
 * @throws OptionError for ε outside (0, 1]
 */
export const signNoise = (options: NoiseOptions): Perturbation => {
  const { epsilon } = signNoiseOptions.read(options)
  return {
    name: 'signNoise',
    config: { epsilon },
    epsilon,
    draw: (shape, random) => {
      const noise = new Float32Array(sizeOf(shape))
      fillSigns(noise, random)
      return noise.map((sign) => sign * epsilon)
    },
  }
}

/** Uniform in the L∞ ball. @throws OptionError for ε outside (0, 1] */
export const uniformNoise = (options: NoiseOptions): Perturbation => {
  const { epsilon } = uniformNoiseOptions.read(options)
  return {
    name: 'uniformNoise',
    config: { epsilon },
    epsilon,
    draw: (shape, random) => {
      const noise = new Float32Array(sizeOf(shape))
      fillUniform(noise, -epsilon, epsilon, random)
      return noise
    },
  }
}
