// Reads a robust network: the teacher, and the student that starts as its copy (self-distillation). Paper: Sec. III-A.
import type { DataFacts } from '../dsl/dataset.js'
import { given } from '../dsl/kit/given.js'
import { type Found, type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf, readArgument } from '../dsl/options/declare.js'
import { text } from '../dsl/options/kinds.js'
import { enrichOnce } from '../dsl/stages/enrichOnce.js'
import { lookingBy } from '../dsl/stages/lookingBy.js'
import type { Step } from '../dsl/step.js'
import { normalisationOf, normalisationText } from '../models/parameters/normalisation.js'
import { parallelOf } from '../models/parameters/statistics.js'
import { checkFit, makeStudent } from '../training/network/makeStudent.js'
import { type HasStudent, type HasTeacher, Student } from '../training/network/network.js'
import { namedNetwork, networkFileFields, networkFileReader } from '../training/network/networkFile.js'

const STAGE = 'loadTeacher'

/** What {@link loadTeacher} takes. */
export const loadTeacherOptions = declareOptions(STAGE, networkFileFields)

/** Options of {@link loadTeacher}. */
export interface LoadTeacherOptions extends OptionsOf<typeof loadTeacherOptions> {}

/**
 * Reads a checkpoint (PyTorch's legacy or zip format, safetensors or ONNX: the content decides) once per run.
 * Adds `teacher`, which never changes, and `student`, which starts with the same weights and running statistics, and
 * with the masks that a pruned network was exported with.
 *
 * The checkpoint may be as its authors released it: the reader handles prefixes such as `module.`, and a normalisation's
 * constants and counters beside the weights (`underNames`).
 *
 * @example
 * pipeline('mnist', mnist()).pipe(loadTeacher('mnist_fastat_pgd.pth', { architecture: 'mnistNet' }))
 * pipeline('mnist', mnist()).pipe(loadTeacher('robust.onnx'))
 * @param file path, relative to the working folder
 * @throws OptionError for an unknown architecture, or for a normalisation without a mean in [0, 1] and a std in [0.0039, 1] for
 * each channel; FileError (when the run starts) for a file that is missing,
 * damaged, of another architecture or normalisation (the error names the tensors, with expected and actual shapes),
 * without a description if no architecture is given, over the budget of memory and work, or, in ONNX, with an operator
 * that no layer here has
 */
export const loadTeacher = (file: string, options: LoadTeacherOptions = {}): Op<unknown, HasTeacher & HasStudent> => {
  readArgument(STAGE, 'file', text('the path of a file'), file)
  const read = loadTeacherOptions.read(options)
  const { normalisation, key } = read
  const planned = namedNetwork(STAGE, read)
  const reader = networkFileReader(STAGE, file, read)
  const look = async (data: DataFacts | undefined): Promise<Found> => {
    const { architecture, weights, warnings } = await reader.look(data)
    if (data) checkFit(STAGE, architecture, data)
    const { name, classes } = architecture
    return {
      says: [
        `${file}: ${name}, ${classes} classes, ${weights.length.toLocaleString('en')} parameters`,
        ...warnings.map((message) => `${file}: ${message}`),
      ],
      parallel: parallelOf(architecture),
    }
  }
  const load = async ({ run }: Step): Promise<HasTeacher & HasStudent> => {
    const { architecture, weights, statistics, mask, warnings } = await reader.take(run.data)
    for (const message of warnings) run.emit({ type: 'warning', stage: STAGE, message: `${file}: ${message}` })
    const own = normalisationOf(architecture)
    const { name, classes } = architecture
    const parameters = weights.length
    const normalised = own ? normalisationText(own) : 'none'
    run.emit({ type: 'network', stage: STAGE, file, name, classes, parameters, normalisation: normalised })
    checkFit(STAGE, architecture, run.data)
    const teacher = new Student(architecture, weights, statistics)
    run.atEnd(() => teacher.dispose())
    return { teacher, student: makeStudent(run, architecture, weights, statistics, { mask }) }
  }
  return stage(
    {
      stage: STAGE,
      config: given({ file, architecture: planned?.name ?? 'as the file describes it', normalisation, key }),
      needs: [],
      adds: ['teacher', 'student'],
      reads: [file],
      look: lookingBy(STAGE, look),
      // Until the file is read, the network may have batch normalisation, which needs all cores for each operation.
      parallel: planned ? parallelOf(planned) : 'operations',
    },
    enrichOnce(STAGE, load),
  )
}
