// Reads a robust network: the teacher, and the student that starts as its copy (self-distillation). Paper: Sec. III-A.
import type { DataFacts } from '../dsl/dataset.js'
import { valueOf } from '../dsl/errors.js'
import { given } from '../dsl/kit/given.js'
import { type Op, stage } from '../dsl/op.js'
import { declareOptions, type OptionsOf, readArgument } from '../dsl/options/declare.js'
import { positive, text } from '../dsl/options/kinds.js'
import { enrichOnce } from '../dsl/stages/enrichOnce.js'
import { lookingBy } from '../dsl/stages/lookingBy.js'
import type { Step } from '../dsl/step.js'
import { readCheckpoint } from '../io/checkpoints/readCheckpoint.js'
import type { Architecture } from '../models/architecture/architecture.js'
import { normalisationOption } from '../models/architecture/imageNormalisations.js'
import { normalisationOf, normalisationText, withNormalisation } from '../models/parameters/normalisation.js'
import { selfDescribed } from '../models/parameters/selfDescribed.js'
import { parallelOf } from '../models/parameters/statistics.js'
import type { NamedTensors } from '../models/parameters/weights.js'
import { sizedNetwork } from '../models/zoo/families.js'
import { architectureOption, resolveArchitecture } from '../models/zoo/zoo.js'
import { assumedNormalisation } from '../training/network/assumedNormalisation.js'
import { checkFit, makeStudent } from '../training/network/makeStudent.js'
import { type HasStudent, type HasTeacher, Student } from '../training/network/network.js'

const STAGE = 'loadTeacher'

/** What {@link loadTeacher} takes. */
export const loadTeacherOptions = declareOptions(STAGE, {
  /**
   * A name of the zoo (`mnistNet`, `resnet18`, `wideResnet34x10` … see `architectureNames`), whose width, classes and, for
   * `wideResnet` and `dmWideResnet`, depth and factor are read off the file; or a network made with `architecture(…)` or a
   * function (`resnet18({ width: 8 })`), which the file must have.
   * @default as the file describes it: ONNX files and safetensors of `exportModel` do
   */
  architecture: architectureOption().optional(
    'as the file describes it: ONNX files and safetensors of `exportModel` do',
  ),
  /**
   * How the checkpoint's training code normalised images outside its network, by name (`'cifar10'`, `'imagenet'` …, `'none'`)
   * or as `{ mean, std }`; it becomes a part of the network, in place of the architecture's own.
   * @default as in the file (`mu` and `sigma`, `normalize.mean` and `normalize.std` …), that of the architecture, or none
   */
  normalisation: normalisationOption().optional(
    'as in the file (`mu` and `sigma`, `normalize.mean` and `normalize.std` …), that of the architecture, or none',
  ),
  /**
   * Where in a PyTorch file the network is, if the file holds several: `teacher`, `ema.shadow`, `state_dict.1` (the second
   * of a list), or a prefix of its tensors' names.
   * @default the only network, or the exponential average (`ema`) of several, with a warning
   */
  key: text('where in the file the network is').optional(
    'the only network, or the exponential average (`ema`) of several, with a warning',
  ),
  /**
   * How many times the usual memory and work reading the file may take, for a file that is refused because it takes more.
   * Usual are 512 MiB and 4 bytes for each byte of the file.
   * @default 1
   */
  readBudget: positive({ unit: 'times the usual budget' }).default(1),
})

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
  const { architecture: network, normalisation, key, readBudget } = loadTeacherOptions.read(options)
  const inPixels = (made: Architecture): Architecture =>
    normalisation === undefined ? made : withNormalisation(made, normalisation)
  const planned = network === undefined ? undefined : inPixels(resolveArchitecture(STAGE, network))
  const networkOf = (tensors: NamedTensors, data: DataFacts | undefined): Architecture | undefined => {
    if (typeof network !== 'string') return planned
    const sizes = data && { classes: data.classes, side: data.shape.height }
    return inPixels(sizedNetwork(STAGE, network, tensors, sizes).architecture)
  }
  const budget = { times: readBudget, option: 'readBudget' }
  const readFor = async (data: DataFacts | undefined) => {
    const checkpoint = valueOf(await readCheckpoint(file, { key, budget })())
    const wanted = networkOf(checkpoint.tensors, data)
    return { checkpoint, ...valueOf(selfDescribed(STAGE, file, checkpoint, wanted, normalisation)) }
  }
  const look = async (data: DataFacts | undefined): Promise<readonly string[]> => {
    const { architecture, weights } = await readFor(data)
    if (data) checkFit(STAGE, architecture, data)
    const { name, classes } = architecture
    return [`${file}: ${name}, ${classes} classes, ${weights.length.toLocaleString('en')} parameters`]
  }
  const load = async ({ run }: Step): Promise<HasTeacher & HasStudent> => {
    const { checkpoint, architecture, weights, statistics, mask } = await readFor(run.data)
    const assumed = assumedNormalisation(architecture, {
      isStated: normalisation !== undefined || checkpoint.isComplete === true,
      layers: network === undefined ? 'file' : 'named',
    })
    for (const message of [...(checkpoint.warnings ?? []), ...(assumed === undefined ? [] : [assumed])])
      run.emit({ type: 'warning', stage: STAGE, message: `${file}: ${message}` })
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
      // Before the file is read, the network may have batch normalisation, which needs all cores for each operation.
      parallel: planned ? parallelOf(planned) : 'operations',
    },
    enrichOnce(STAGE, load),
  )
}
