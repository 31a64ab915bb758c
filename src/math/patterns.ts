import { guarded, type Option } from '../dsl/options/option.js'
import { kernelShapes, perGroup } from './smallGroups.js'
import type { WeightMatrix, WeightShape } from './weightMatrix.js'

/**
 * Which weights stay or go together, in PyTorch's matrix of out × in·k·k: single weights (`irregular`); filters
 * (`filter`: all weights of one output); columns (`column`: one input position, for every output); input channels
 * (`channel`: one input channel, for every output that reads it); blocks of the matrix (`4x1`: 4 outputs × 1 column).
 *
 * Or how many stay in each small group: `2:4` keeps 2 of every 4 consecutive weights along the input dimension
 * (channels of one pixel of a convolution, inputs of a linear layer); `kernel` keeps k·k/rate weights of each k × k
 * kernel, in one of the layer's 8 commonest shapes.
 *
 * Source: N:M, Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021; kernel patterns, Niu et al., "PatDNN",
 * ASPLOS 2020, without its rule that the centre stays.
 */
export type Pattern =
  | keyof typeof whole
  | 'kernel'
  | '1:2'
  | '2:4'
  | '4:8'
  | '4x1'
  | '1x4'
  // Any others. Without the empty record the texts above would be a part of these, and an editor would not offer them.
  | (`${number}:${number}` & Record<never, never>)
  | (`${number}x${number}` & Record<never, never>)

/** The rates that a pattern can have in a layer. */
export interface RateLimits {
  /** ≥ 1 */
  readonly least: number
  readonly most: number
  /** What the largest rate leaves of the layer, in words. */
  readonly leaves: string
}

/** Groups are ranked by their scores, |w| or L2 norm, and the largest stay. */
export interface ByScore {
  readonly by: 'score'
  /** How many groups there are. */
  readonly groups: (shape: WeightShape) => number
  /** The group of each weight, by its index. */
  readonly groupOf: (shape: WeightShape) => (index: number) => number
  /** Whether a score survives a threshold. PwoA's code keeps ties for single weights and columns, not for filters. */
  readonly survives: (score: number, threshold: number) => boolean
  /** The rates that leave at least one group. */
  readonly limits: (shape: WeightShape) => RateLimits
}

/** Each small group keeps a number of its weights, those of the largest magnitude. */
export interface ByGroup {
  readonly by: 'group'
  /** 1 for each weight that stays, else 0. */
  readonly mask: (matrix: WeightMatrix, rate: number) => Uint8Array
  /** The rates that the groups can have. */
  readonly limits: (shape: WeightShape) => RateLimits
}

const ties = (score: number, threshold: number): boolean => score >= threshold

const channelsOf = ({ rows, places }: WeightShape): number => rows / (places?.count ?? 1)

const byScore = (unit: string, rule: Pick<ByScore, 'groups' | 'groupOf' | 'survives'>): ByScore => ({
  by: 'score',
  ...rule,
  limits: (shape) => ({ least: 1, most: rule.groups(shape), leaves: `one ${unit}` }),
})

/** Patterns with a fixed name whose groups are ranked by score. */
const whole = {
  irregular: byScore('weight', {
    groups: ({ rows, columns }) => rows * columns,
    groupOf: () => (index) => index,
    survives: ties,
  }),
  filter: byScore('filter', {
    groups: ({ columns }) => columns,
    groupOf:
      ({ columns }) =>
      (index) =>
        index % columns,
    survives: (score, threshold) => score > threshold,
  }),
  column: byScore('column', {
    groups: ({ rows }) => rows,
    groupOf:
      ({ columns }) =>
      (index) =>
        Math.floor(index / columns),
    survives: ties,
  }),
  channel: byScore('channel', {
    groups: (shape) => channelsOf(shape) * (shape.groups ?? 1),
    groupOf: (shape) => {
      const channels = channelsOf(shape)
      const { columns, groups = 1 } = shape
      return (index) => {
        const part = Math.floor(((index % columns) * groups) / columns)
        return part * channels + (Math.floor(index / columns) % channels)
      }
    },
    survives: ties,
  }),
}

/** Blocks of `outputs` × `inputs` of PyTorch's matrix; those at its edges may be smaller. */
const blocks = (outputs: number, inputs: number): ByScore =>
  byScore('block', {
    groups: ({ rows, columns }) => Math.ceil(columns / outputs) * Math.ceil(rows / inputs),
    groupOf: (shape) => {
      const { rows, columns, places } = shape
      const [channels, pixels] = [channelsOf(shape), places?.count ?? 1]
      const across = Math.ceil(rows / inputs)
      return (index) => {
        const row = Math.floor(index / columns)
        const input = (row % channels) * pixels + Math.floor(row / channels)
        return Math.floor((index % columns) / outputs) * across + Math.floor(input / inputs)
      }
    },
    survives: ties,
  })

/** `kept` of every `of` consecutive weights along the input dimension. */
const nOfM = (kept: number, of: number): ByGroup => ({
  by: 'group',
  mask: (matrix, rate) => perGroup(matrix, of, Math.max(kept, share(of, rate))),
  limits: (shape) => {
    const inputs = shape.places?.of === 'kernel' ? channelsOf(shape) : shape.rows
    return inputs % of === 0
      ? { least: of / kept, most: of / kept, leaves: `${kept} of ${of} weights` }
      : { least: 1, most: 1, leaves: `it whole: its ${inputs} inputs are not a multiple of ${of}` }
  },
})

const kernel: ByGroup = {
  by: 'group',
  mask: (matrix, rate) => kernelShapes(matrix, pixelsOf(matrix), share(pixelsOf(matrix), rate)),
  limits: (shape) => ({ least: 1, most: pixelsOf(shape), leaves: 'one weight of each kernel' }),
}

/** A shape is a set of bits, one for each pixel. A number's 53 suffice for kernels up to 7 × 7. */
const pixelsOf = ({ places }: WeightShape): number => (places?.of === 'kernel' && places.count < 53 ? places.count : 1)

/** How many weights of a group a rate keeps, rounded up: a rate that still grows drops none too early. */
const share = (size: number, rate: number): number => Math.max(1, Math.ceil(size / rate - ROUNDING))

/** Keeps a rounding error of size / rate from adding a weight. */
const ROUNDING = 1e-9

/** The fixed names that rank groups by score. */
export const patterns = Object.keys(whole) as readonly (keyof typeof whole)[]

/** The rule of a pattern; undefined for an unknown name. */
export const ruleOf = (pattern: string): ByScore | ByGroup | undefined => {
  const named = patterns.find((name) => name === pattern)
  if (named !== undefined) return whole[named]
  if (pattern === 'kernel') return kernel
  const [, first = '', sign, second = ''] = /^([1-9]\d*)([:x])([1-9]\d*)$/.exec(pattern) ?? []
  if (sign === 'x') return blocks(Number(first), Number(second))
  return sign === ':' && Number(first) < Number(second) ? nOfM(Number(first), Number(second)) : undefined
}

/** All patterns, in words for an error. */
export const patternWords = `${patterns.join(', ')}, kernel, n:m (2:4) and blocks (4x1)`

/** An option: a pattern. */
export const patternOption = (): Option<Pattern> =>
  guarded(
    { expected: (name) => `${name} among ${patternWords}`, choices: [...patterns, 'kernel'] },
    (value): value is Pattern => typeof value === 'string' && ruleOf(value) !== undefined,
  )
