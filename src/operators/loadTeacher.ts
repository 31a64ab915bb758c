// Reads a robust network: the teacher, and the student that starts as its copy (self-distillation). Paper: Sec. III-A.
import { either, isLeft } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { checkOptions } from '../dsl/checkOptions.js'
import { enrichOnce } from '../dsl/enrichOnce.js'
import { PwoaFailure } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import type { Step } from '../dsl/step.js'
import { readCheckpoint } from '../io/checkpoints/readCheckpoint.js'
import type { Architecture } from '../models/architecture.js'
import type { Normalisation } from '../models/layers.js'
import { checkNormalisation, withNormalisation } from '../models/normalisation.js'
import { selfDescribed } from '../models/selfDescribed.js'
import { parallelOf } from '../models/statistics.js'
import { resolveArchitecture } from '../models/zoo.js'
import { checkFit, makeStudent } from '../training/network/makeStudent.js'
import { type HasStudent, type HasTeacher, Student } from '../training/network/network.js'

/** Options of {@link loadTeacher}. */
export interface LoadTeacherOptions {
  /**
   * A name of the zoo (`mnistNet`, `resnet18`, `wideResnet34x10` … see `architectureNames`), which then has as many
   * classes as the data, or a network described with `architecture(…)`.
   * @default what the file says: ONNX files, and safetensors of `exportModel`, describe their networks
   */
  readonly architecture?: string | Architecture
  /**
   * What the checkpoint's training code did to images outside of its network; it becomes a part of the network.
   * @default what the file says (`mu` and `sigma`, `normalize.mean` and `normalize.std` …), or none
   */
  readonly normalisation?: Normalisation
}

/**
 * Reads a checkpoint (PyTorch's legacy or zip format, safetensors or ONNX: the content decides) once a run.
 * Adds `teacher`, which never changes, and `student`, which starts with the same weights and running statistics, and
 * with the masks that a pruned network was exported with.
 *
 * The checkpoint may be as its authors released it: prefixes such as `module.`, a normalisation's constants and
 * counters beside the weights are seen through (`underNames`).
 *
 * @example
 * pipeline('mnist', mnist()).pipe(loadTeacher('mnist_fastat_pgd.pth', { architecture: 'mnistNet' }))
 * pipeline('mnist', mnist()).pipe(loadTeacher('robust.onnx'))
 * @param file path, relative to the working folder
 * @throws OptionError for an unknown architecture, or a normalisation that has not a finite mean and a std > 0 for each
 * channel or beside one of the architecture's own; FileError (when the run starts) for a file that is missing, damaged,
 * of another architecture or another normalisation (it names the tensors, with the expected and the found shapes),
 * without a description where no architecture is given, or, in ONNX, with an operator that no layer here has
 */
export const loadTeacher = (file: string, options: LoadTeacherOptions = {}): Op<unknown, HasTeacher & HasStudent> => {
  const { architecture: given, normalisation } = checkOptions('loadTeacher', options, {
    architecture: true,
    normalisation: true,
  })
  if (normalisation) checkNormalisation('loadTeacher', normalisation)
  const architectureFor = (classes?: number): Architecture | undefined => {
    const resolved = given === undefined ? undefined : resolveArchitecture('loadTeacher', given, classes)
    return resolved && normalisation ? withNormalisation(resolved, normalisation) : resolved
  }
  const planned = architectureFor()
  const load = async ({ run }: Step): Promise<HasTeacher & HasStudent> => {
    const wanted = architectureFor(run.data.classes)
    const read = pipe(await readCheckpoint(file)(), (checkpoint) =>
      either.chain(checkpoint, (whole) => selfDescribed('loadTeacher', file, whole, wanted, normalisation)),
    )
    if (isLeft(read)) throw new PwoaFailure(read.left)
    const { architecture, weights, statistics, mask } = read.right
    checkFit('loadTeacher', architecture, run.data)
    const teacher = new Student(architecture, weights, statistics)
    run.atEnd(() => teacher.dispose())
    return { teacher, student: makeStudent(run, architecture, weights, statistics, { mask }) }
  }
  return stage(
    {
      stage: 'loadTeacher',
      config: {
        file,
        architecture: planned?.name ?? 'as the file describes it',
        ...(normalisation ? { normalisation } : {}),
      },
      needs: [],
      adds: ['teacher', 'student'],
      reads: [file],
      // Before the file is read, any network is possible: batch normalisation needs all cores for each operation.
      parallel: planned ? parallelOf(planned) : 'operations',
    },
    enrichOnce('loadTeacher', load),
  )
}
