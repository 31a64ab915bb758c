// Writes the network, and its masks, into the run folder.
import { isLeft } from 'fp-ts/lib/Either.js'
import {
  concat,
  concatMap,
  concatWith,
  defer,
  EMPTY,
  from,
  ignoreElements,
  type Observable,
  of,
  takeWhile,
  tap,
} from 'rxjs'
import { asynchronous } from '../dsl/asynchronous.js'
import { checkOptions } from '../dsl/checkOptions.js'
import { checkAmong } from '../dsl/checks.js'
import { PwoaFailure, rejectOption } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import type { HasTraining, Step } from '../dsl/step.js'
import type { PlainNetwork } from '../models/shrink/tensors.js'
import { withoutHead } from '../models/withoutHead.js'
import { modelEnding, modelEndings, modelFiles } from '../training/network/modelFiles.js'
import type { HasStudent } from '../training/network/network.js'

/** Options of {@link exportModel}. */
export interface ExportModelOptions {
  /**
   * What becomes of a stochastic head, as `vib` and `ceb` add one: the file has the network in use, whose code is the mean,
   * as ordinary layers; or all of it, so that `loadTeacher` can bring it back to the same training: in safetensors alone,
   * and not behind `shrink`, which takes it out.
   * @default 'removed'
   */
  readonly head?: 'removed' | 'kept'
}

const heads: Readonly<Record<NonNullable<ExportModelOptions['head']>, (network: PlainNetwork) => PlainNetwork>> = {
  removed: withoutHead,
  kept: (network) => network,
}

/** A student that was trained, or that nothing is about to train. */
type Exportable = HasStudent & (HasTraining | { readonly terms?: undefined })

/**
 * When training is done, writes the student, running statistics included, in the format that the name's ending says:
 * `.safetensors`, with PyTorch's names and layouts, a normalisation's constants as `mu` and `sigma` (as in RobustBench's
 * classes), its description and its masks, so that `loadTeacher` needs no other word; `.sparse.safetensors`, the same
 * without the zeros (a bit for each weight, and those that are kept, deflated; 16× pruned it is about 15 times smaller),
 * for `loadTeacher` alone; `.onnx`, for any other program (opset 17; batch × channels × height × width in [0, 1] to
 * logits); `.int8.onnx`, the same in 8-bit integers (QDQ: int8 weights with a scale for each output, uint8 activations
 * calibrated on the first 512 natural training images), a quarter as large; or `model.json`, a graph model for
 * `tf.loadGraphModel` of plain TensorFlow.js (batch × height × width × channels in [0, 1] to logits, batch normalisation
 * folded), whose weights are in `model.weights.bin` beside it, written first. Where it was pruned, its masks (1 = kept, one
 * per weight tensor) are beside the dense float32 files as `<name>.masks.safetensors`. A stochastic head is removed: what
 * is written is the network in use, with the mean as its code. Where nothing trains it, it writes the student as it
 * comes, and completes.
 *
 * @example
 * pipeline('teacher', syntheticDigits()).pipe(
 *   initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }), exportModel('teacher.safetensors'))
 * @example
 * pipeline('convert', syntheticDigits()).pipe(loadTeacher('t.pth', { architecture: 'mnistNet' }), exportModel('t.onnx'))
 * @param file name in the run folder, ending in `.safetensors`, `.sparse.safetensors`, `.onnx`, `.int8.onnx` or
 * `model.json`
 * @throws OptionError for another ending, a head that is to be kept in another format than safetensors, or behind a loss
 * without a stage that trains; WriteError where the run folder can't be written
 */
export const exportModel = (file: string, options: ExportModelOptions = {}): Op<Exportable, unknown> => {
  const { head = 'removed' } = checkOptions('exportModel', options, { head: true })
  checkAmong('exportModel', 'what becomes of a head', heads, head)
  if (modelEnding(file) === undefined)
    rejectOption('exportModel', `a file name that ends in ${modelEndings.join(' or ')}`, `"${file}"`)
  if (head === 'kept' && !file.endsWith('.safetensors'))
    rejectOption('exportModel', 'safetensors for a head', `"${file}"`)
  const write = async ({ run, student }: Step & HasStudent): Promise<void> => {
    const { architecture, mask } = student
    const weights = Float32Array.from(student.weights.dataSync())
    const statistics = Float32Array.from(student.statistics.dataSync())
    const files = modelFiles(file, heads[head]({ architecture, weights, statistics, mask }), run.data)
    if (isLeft(files)) throw new PwoaFailure(files.left)
    for (const [name, bytes] of files.right) {
      const written = await run.writeArtifact(name, bytes)()
      if (isLeft(written)) throw new PwoaFailure(written.left)
    }
  }
  return stage(
    { stage: 'exportModel', config: { file, ...(head === 'kept' ? { head } : {}) }, needs: ['student'], adds: [] },
    <S extends Step & Exportable & Partial<HasTraining>>(source: Observable<S>): Observable<S> =>
      defer(() => {
        let latest: S | undefined
        // Where nothing trains, a later stage ends the stream at its first step: what is written must be by then.
        const written = (step: S): Observable<S> =>
          step.training ? of(step) : concat(from(write(step)).pipe(ignoreElements()), of(step))
        return source.pipe(
          tap((step) => {
            if ('terms' in step && !step.training)
              rejectOption('exportModel', 'a stage that trains between the loss and this one', 'none')
            if (step.training) latest = step
          }),
          asynchronous(concatMap(written)),
          takeWhile(({ training }) => training !== undefined, true),
          concatWith(defer(() => (latest ? from(write(latest)).pipe(ignoreElements()) : EMPTY))),
        )
      }),
  )
}
