import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { UsageError } from '../../dsl/errors.js'
import type { RunOptions } from '../../dsl/pipeline/run.js'

/**
 * A resumed run computes the same bits only where it began. Between processors the figures differ a little, which is a
 * warning. A GPU adds up in other orders, by other kernels, so a run moves to or from one only if it was asked to.
 *
 * @param begun the engine of the checkpoint, with the GPU's name if it was one
 * @param now that of this process
 * @returns the warning, undefined on the same engine and device; or why the run does not go on here
 */
export const movedRun = (
  begun: string,
  now: string,
  { resumeOn = 'same' }: RunOptions,
): Either<UsageError, string | undefined> => {
  if (begun === now) return right(undefined)
  if (resumeOn === 'any' || (!isGpu(begun) && !isGpu(now)))
    return right(`begun on ${begun}: figures may differ a little`)
  return left({
    _tag: 'UsageError',
    stage: 'resume',
    expected: `the device that the run began on, ${begun}`,
    actual: `${now}, where its figures would not be those of one device`,
    hint: 'Take that device by the option engine and CUDA_VISIBLE_DEVICES, or the option resumeOn: "any" to go on here.',
  })
}

const isGpu = (engine: string): boolean => engine.startsWith('gpu')
