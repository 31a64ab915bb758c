// Writes the trained network, and its masks, into the run folder.
import { type Either, isLeft } from 'fp-ts/lib/Either.js'
import { concatWith, defer, EMPTY, from, ignoreElements, type Observable, tap } from 'rxjs'
import type { RunContext } from '../dsl/context.js'
import { type PwoaError, PwoaFailure, rejectOption } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import type { HasTraining, Step } from '../dsl/step.js'
import { encodeSafetensors } from '../io/safetensors.js'
import { unpackNormalisation } from '../models/normalisation.js'
import { parametersOf } from '../models/parameters.js'
import { unpackStatistics, unpackWeights } from '../models/weights.js'
import type { HasStudent } from '../training/network.js'

/**
 * When training is done, writes the student, running statistics included, as safetensors with PyTorch's names and
 * layouts, and, where it was pruned, its masks (1 = kept, one per weight tensor) beside it as `<name>.masks.safetensors`.
 * The constants of a network's own normalisation are `mu` and `sigma`, as in RobustBench's classes.
 *
 * @example
 * pipeline('teacher', syntheticDigits()).pipe(
 *   initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }), exportModel('teacher.safetensors'))
 * @param file name in the run folder, ending in `.safetensors`
 * @throws OptionError for another ending; WriteError where the run folder can't be written
 */
export const exportModel = (file: string): Op<HasStudent & HasTraining, unknown> => {
  if (!file.endsWith('.safetensors')) rejectOption('exportModel', 'a file name that ends in .safetensors', `"${file}"`)
  const write = async ({ run, student }: Step & HasStudent): Promise<void> => {
    const { architecture, mask } = student
    const metadata = { format: 'pt', architecture: architecture.name }
    const weights = unpackWeights(architecture, Float32Array.from(student.weights.dataSync()))
    const statistics = unpackStatistics(architecture, Float32Array.from(student.statistics.dataSync()))
    const constants = unpackNormalisation(architecture)
    await save(run, file, encodeSafetensors(new Map([...constants, ...weights, ...statistics]), metadata, file))
    if (!mask) return
    const isWeight = new Set(parametersOf(architecture).flatMap(({ name, role }) => (role === 'weight' ? [name] : [])))
    const masks = new Map(
      [...unpackWeights(architecture, mask)]
        .filter(([name]) => isWeight.has(name))
        .map(([name, { shape, data }]) => [name, { shape, data: Uint8Array.from(data) }]),
    )
    const masksFile = file.replace(/\.safetensors$/, '.masks.safetensors')
    await save(run, masksFile, encodeSafetensors(masks, metadata, masksFile))
  }
  return stage(
    { stage: 'exportModel', config: { file }, needs: ['student', 'training'], adds: [] },
    <S extends Step & HasStudent & HasTraining>(source: Observable<S>): Observable<S> =>
      defer(() => {
        let latest: S | undefined
        return source.pipe(
          tap((step) => {
            latest = step
          }),
          concatWith(defer(() => (latest ? from(write(latest)).pipe(ignoreElements()) : EMPTY))),
        )
      }),
  )
}

const save = async (run: RunContext, file: string, encoded: Either<PwoaError, Uint8Array>): Promise<void> => {
  if (isLeft(encoded)) throw new PwoaFailure(encoded.left)
  const written = await run.writeArtifact(file, encoded.right)()
  if (isLeft(written)) throw new PwoaFailure(written.left)
}
