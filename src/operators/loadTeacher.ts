// Reads a robust network: the teacher, and the student that starts as its copy (self-distillation). Paper: Sec. III-A.
import { isLeft } from 'fp-ts/lib/Either.js'
import { enrichOnce } from '../dsl/enrichOnce.js'
import { type PwoaError, PwoaFailure } from '../dsl/errors.js'
import { type Op, stage } from '../dsl/op.js'
import type { Step } from '../dsl/step.js'
import { readCheckpoint } from '../io/readCheckpoint.js'
import type { Architecture } from '../models/architecture.js'
import { parallelOf } from '../models/statistics.js'
import { packStatistics, packWeights } from '../models/weights.js'
import { resolveArchitecture } from '../models/zoo.js'
import { checkFit } from '../training/checkFit.js'
import { makeStudent } from '../training/makeStudent.js'
import { type HasStudent, type HasTeacher, Student } from '../training/network.js'

export interface LoadTeacherOptions {
  /** A name of the zoo (`mnistNet`, `lenet5`, `lenet`, `resnet18`), or a network described with `architecture(…)`. */
  readonly architecture: string | Architecture
}

/**
 * Reads a checkpoint (PyTorch's legacy or zip format, or safetensors: the content decides) once a run.
 * Adds `teacher`, which never changes, and `student`, which starts with the same weights and running statistics.
 *
 * @example
 * pipeline('mnist', mnist()).pipe(loadTeacher('mnist_fastat_pgd.pth', { architecture: 'mnistNet' }))
 * @param file path, relative to the working folder
 * @throws OptionError for an unknown architecture; FileError (when the run starts) for a file that is missing,
 * damaged, or of another architecture: it names the tensor with the expected and the found shape
 */
export const loadTeacher = (file: string, options: LoadTeacherOptions): Op<unknown, HasTeacher & HasStudent> => {
  const architecture = resolveArchitecture('loadTeacher', options.architecture)
  const load = async ({ run }: Step): Promise<HasTeacher & HasStudent> => {
    const read = await readCheckpoint(file)()
    if (isLeft(read)) throw failure(read.left)
    const weights = packWeights('loadTeacher', file, architecture, read.right.tensors)
    if (isLeft(weights)) throw failure(weights.left)
    const statistics = packStatistics('loadTeacher', file, architecture, read.right.tensors)
    if (isLeft(statistics)) throw failure(statistics.left)
    checkFit('loadTeacher', architecture, run.data)
    const teacher = new Student(architecture, weights.right, statistics.right)
    run.atEnd(() => teacher.dispose())
    return { teacher, student: makeStudent(run, architecture, weights.right, statistics.right) }
  }
  return stage(
    {
      stage: 'loadTeacher',
      config: { file, architecture: architecture.name },
      needs: [],
      adds: ['teacher', 'student'],
      parallel: parallelOf(architecture),
    },
    enrichOnce('loadTeacher', load),
  )
}

const failure = (error: PwoaError): PwoaFailure => new PwoaFailure(error)
