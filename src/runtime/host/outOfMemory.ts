import type { PwoaError } from '../../dsl/errors.js'

/** What is known of the memory when it runs out. */
export interface MemoryFacts {
  /** Images in a minibatch. */
  readonly batchSize: number
  /** Bytes of the device; undefined on a processor. */
  readonly total: number | undefined
}

const signs =
  /OOM when allocating|RESOURCE_EXHAUSTED|CUDA_ERROR_OUT_OF_MEMORY|failed to allocate memory|Dst tensor is not initialized/i

/**
 * An error as it was, or, if TensorFlow ran out of the device's memory, one that says so, with a batch size that should
 * fit.
 */
export const explainMemory = (error: PwoaError, facts: MemoryFacts): PwoaError => {
  if (error._tag !== 'RunError' || !signs.test(error.actual)) return error
  const { batchSize, total } = facts
  const size = total === undefined ? '' : ` of ${(total / 2 ** 30).toFixed(1)} GiB`
  return {
    ...error,
    expected: `memory for minibatches of ${batchSize} images`,
    actual: `a device whose memory${size} is full${shapeIn(error.actual)}`,
    hint: adviceFor(fittingBatch(error.actual, facts)),
  }
}

/** The tensor for which there was no room: `OOM when allocating tensor with shape[128,64,32,32] and type float`. */
const dimensionsIn = (message: string): readonly number[] =>
  (/tensor with shape ?\[([\d, ]*)\]/.exec(message)?.[1] ?? '')
    .split(',')
    .filter((part) => part !== '')
    .map(Number)

const shapeIn = (message: string): string => {
  const dimensions = dimensionsIn(message)
  return dimensions.length === 0 ? '' : `: no room for a tensor of ${dimensions.join(' × ')}`
}

const FLOAT_BYTES = 4

/** How many tensors as large as the one that failed a step holds at least: its values, their gradients, a workspace. */
const HELD = 4

/**
 * Half of the batch size, halved again until a few tensors as large as the one that failed fit into the memory; undefined
 * if there is no smaller one.
 */
export const fittingBatch = (message: string, { batchSize, total }: MemoryFacts): number | undefined => {
  if (batchSize < 2) return undefined
  const bytes = dimensionsIn(message).reduce((product, side) => product * side, FLOAT_BYTES)
  let fitting = Math.floor(batchSize / 2)
  while (fitting > 1 && total !== undefined && HELD * bytes * (fitting / batchSize) > total)
    fitting = Math.floor(fitting / 2)
  return fitting
}

const adviceFor = (batchSize: number | undefined): string =>
  batchSize === undefined
    ? 'Take a smaller network or smaller images, or the option engine: "tensorflow", which uses the memory of the machine.'
    : `Try batchSize: ${batchSize}, and end other programs on the device; nvidia-smi lists them.`
