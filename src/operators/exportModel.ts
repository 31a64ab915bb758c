// Writes the network and its masks into the run folder.
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
import { rejectOption, valueOf, valueOfTask } from '../dsl/errors.js'
import type { DeviceFigures } from '../dsl/figures.js'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf, readArgument } from '../dsl/options/declare.js'
import { choice, text } from '../dsl/options/kinds.js'
import { asynchronous } from '../dsl/stages/asynchronous.js'
import type { HasTraining, Step } from '../dsl/step.js'
import { withoutHead } from '../models/head/withoutHead.js'
import type { PlainNetwork } from '../models/parameters/plainNetwork.js'
import { modelEnding, modelEndings, modelFiles } from '../training/network/modelFiles.js'
import type { HasStudent } from '../training/network/network.js'
import type { FileBudget, HasBudget } from '../training/step/fileBudget.js'

const STAGE = 'exportModel'

/** What {@link exportModel} takes. */
export const exportModelOptions = declareOptions(STAGE, {
  /**
   * What the file has of a stochastic head, which `vib` and `ceb` add: `removed` writes the network in use, whose code is
   * the mean, as ordinary layers; `kept` writes the head too, so that `loadTeacher` can continue the same training. Only
   * safetensors can hold a head, and `shrink` removes it.
   * @default 'removed'
   */
  head: choice(['removed', 'kept']).default('removed'),
})

/** Options of {@link exportModel}. */
export interface ExportModelOptions extends OptionsOf<typeof exportModelOptions> {}

const heads: Readonly<Record<'removed' | 'kept', (network: PlainNetwork) => PlainNetwork>> = {
  removed: withoutHead,
  kept: (network) => network,
}

/** What a C file takes beyond its budget, in words. A file of the other form has none. */
const excessOf = ({ budget, bytes, form = 'int8' }: FileBudget, device: DeviceFigures): string | undefined => {
  const isOther = device.file.endsWith('.int8.c') !== (form === 'int8')
  if (isOther || device[budget] <= bytes) return undefined
  return `${device.file} may take ${device[budget]} bytes of ${budget}, more than the budget of ${bytes}`
}

/** A student that was trained, or that no later stage trains. */
type Exportable = HasStudent & (HasTraining | { readonly terms?: undefined })

/**
 * When training is done, writes the student, running statistics included. The file name's ending chooses the format:
 *
 * - `.safetensors`: PyTorch's names and layouts, a normalisation's constants as `mu` and `sigma` (as in RobustBench's
 *   classes), the description and the masks: all that `loadTeacher` needs.
 * - `.sparse.safetensors`: the same without the zeros (a bit for each weight, and the kept ones, deflated; about 15 times
 *   smaller at 16×), for `loadTeacher` alone.
 * - `.onnx`: for any other program (opset 17; batch × channels × height × width in [0, 1] to logits).
 * - `.int8.onnx`: the same in 8-bit integers, a quarter as large (QDQ: int8 weights with a scale for each output, uint8
 *   activations calibrated on the first 512 natural training images).
 * - `model.json`: a graph model for `tf.loadGraphModel` of plain TensorFlow.js (batch × height × width × channels in
 *   [0, 1] to logits, batch normalisation folded). Its weights are in `model.weights.bin` beside it, written first.
 * - `.c`: portable C99 for a microcontroller, with its header `.h` beside it: the network in use in float32, shrunk, without
 *   allocation. Layers with at most half of their weights compute with those alone. `<name>_selftest` checks three test images.
 * - `.int8.c`: the same in 8-bit integers, from the calibration of `.int8.onnx`: bytes of an image to logits in one unit.
 *
 * The masks of a pruned student (1 = kept, one per weight tensor) are beside the dense float32 files as
 * `<name>.masks.safetensors`. If nothing trains the student, it is written as it arrives, and the stream completes.
 *
 * @example
 * pipeline('teacher', syntheticDigits()).pipe(
 *   initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }), exportModel('teacher.safetensors'))
 * @example
 * pipeline('convert', syntheticDigits()).pipe(loadTeacher('t.pth', { architecture: 'mnistNet' }), exportModel('t.onnx'))
 * @param file name in the run folder, ending in `.safetensors`, `.sparse.safetensors`, `.onnx`, `.int8.onnx`, `.c`,
 * `.int8.c` or `model.json`
 * @throws FileError for a layer that the format does not have; OptionError for another ending, for `head: 'kept'` in another format than safetensors, or, when the run starts,
 * after a loss without a stage that trains; WriteError if the run folder can't be written
 */
export const exportModel = (file: string, options: ExportModelOptions = {}): Op<Exportable, unknown> => {
  readArgument(STAGE, 'file', text('the name of a file'), file)
  const { head } = exportModelOptions.read(options)
  if (modelEnding(file) === undefined)
    rejectOption(STAGE, `a file name that ends in ${modelEndings.join(' or ')}`, `"${file}"`)
  if (head === 'kept' && !file.endsWith('.safetensors'))
    rejectOption(STAGE, "a .safetensors file for head 'kept'", `"${file}"`)
  const write = async ({ run, student, budget }: Step & HasStudent & Partial<HasBudget>): Promise<void> => {
    const { architecture, mask } = student
    const weights = Float32Array.from(student.weights.dataSync())
    const statistics = Float32Array.from(student.statistics.dataSync())
    const { files, device } = valueOf(
      modelFiles(file, heads[head]({ architecture, weights, statistics, mask }), run.data),
    )
    for (const [name, bytes] of files) await valueOfTask(run.writeArtifact(name, bytes))
    if (!device) return
    run.emit({ type: 'device', figures: device })
    const excess = budget && excessOf(budget, device)
    if (excess) run.emit({ type: 'warning', stage: STAGE, message: excess })
  }
  return stage(
    {
      stage: STAGE,
      config: { file, ...(head === 'kept' ? { head } : {}) },
      needs: ['student'],
      adds: [],
      writes: [file],
    },
    <S extends Step & Exportable & Partial<HasTraining & HasBudget>>(source: Observable<S>): Observable<S> =>
      defer(() => {
        let latest: S | undefined
        // If nothing trains, a later stage may end the stream at its first step: the files must be written by then.
        const written = (step: S): Observable<S> =>
          step.training ? of(step) : concat(from(write(step)).pipe(ignoreElements()), of(step))
        return source.pipe(
          tap((step) => {
            if ('terms' in step && !step.training)
              rejectOption(STAGE, 'a stage that trains between the loss and this one', 'none')
            if (step.training) latest = step
          }),
          asynchronous(concatMap(written)),
          takeWhile(({ training }) => training !== undefined, true),
          concatWith(defer(() => (latest ? from(write(latest)).pipe(ignoreElements()) : EMPTY))),
        )
      }),
  )
}
