import { chain, type Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type Dataset, imageSize } from '../../dsl/dataset.js'
import type { PwoaError } from '../../dsl/errors.js'
import { numbersOf } from '../../engine/ops/numbersOf.js'
import { tf } from '../../engine/tf.js'
import type { CFiles } from '../../io/checkpoints/c/cFile.js'
import { encodeC, encodeIntegerC } from '../../io/checkpoints/c/encodeC.js'
import { lowered } from '../../io/checkpoints/c/lower.js'
import { type IntegerProgram, quantised } from '../../io/checkpoints/c/quantised.js'
import { integerLogits } from '../../io/checkpoints/c/reference.js'
import { refusing } from '../../io/files/refusal.js'
import type { Folded } from '../../models/forward/folded.js'
import { forward, unflatten } from '../../models/forward/forward.js'
import type { Calibrated } from './calibrate.js'
import { imagesOf } from './images.js'

/** Images of a file's self-test, at most. */
const EXAMPLES = 3

/**
 * A network in use as C in float32, with the logits of the first test images as its self-test.
 *
 * @returns a FileError for a layer without C code, weights that are not finite, or a file name that does not begin as a name in C
 */
export const cFiles = (file: string, network: Folded, data: Dataset): Either<PwoaError, CFiles> =>
  pipe(
    refusing({ stage: 'exportModel', file }, () => lowered(network.architecture, network.weights)),
    chain((program) => encodeC(program, { images: examplesOf(data), logits: logitsOf(network, data) }, file)),
  )

/** A calibrated network in 8-bit integers. @returns a FileError for a layer without C code or weights that are not finite */
export const integerProgram = (
  file: string,
  { architecture, weights, ranges }: Calibrated,
  stage = 'exportModel',
): Either<PwoaError, IntegerProgram> =>
  refusing({ stage, file }, () => quantised(lowered(architecture, weights), ranges))

/** The same in 8-bit integers. The logits of the self-test are those of our own integer arithmetic. */
export const integerCFiles = (file: string, calibrated: Calibrated, data: Dataset): Either<PwoaError, CFiles> =>
  pipe(
    integerProgram(file, calibrated),
    chain((program) => {
      const images = examplesOf(data)
      return encodeIntegerC(program, { images, logits: images.map((image) => integerLogits(program, image)) }, file)
    }),
  )

const countOf = ({ test }: Dataset): number => Math.min(EXAMPLES, test.count)

const examplesOf = (data: Dataset): readonly Uint8Array[] => {
  const size = imageSize(data.shape)
  return Array.from({ length: countOf(data) }, (_, i) => data.test.images.subarray(i * size, (i + 1) * size))
}

const logitsOf = ({ architecture, weights }: Folded, data: Dataset): readonly Float32Array[] => {
  const count = countOf(data)
  const flat = numbersOf(() => {
    const indices = Uint32Array.from({ length: count }, (_, i) => i)
    const parameters = unflatten(architecture, tf.tensor1d(weights))
    return forward(architecture, parameters, imagesOf(data.test, data.shape, indices)).logits
  })
  const { classes } = architecture
  return Array.from({ length: count }, (_, i) => flat.slice(i * classes, (i + 1) * classes))
}
