import { isLeft } from 'fp-ts/lib/Either.js'
import type { RunContext, StageState } from '../../dsl/context.js'
import type { DataFacts } from '../../dsl/dataset.js'
import { rejectOption } from '../../dsl/errors.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { describeArchitecture, described } from '../../models/architecture/description.js'
import { freshStatistics } from '../../models/parameters/statistics.js'
import { Student } from './network.js'

/** Options of {@link makeStudent}. */
export interface StudentOptions {
  /** 1 where a parameter is kept and 0 where it is pruned. @default nothing is pruned */
  readonly mask?: Float32Array | undefined
  /** Under which name its weights, running statistics and mask are kept across an interruption. @default 'student' */
  readonly state?: string
}

/**
 * A network of the run in training, with the given weights and running statistics or, in a resumed run, with those it
 * had. Its state is part of the run's, and it is freed when the run ends.
 *
 * @param statistics of batch normalisation; see `statisticsOf`. @default mean 0 and variance 1
 */
export const makeStudent = (
  run: RunContext,
  architecture: Architecture,
  weights: Float32Array,
  statistics = freshStatistics(architecture),
  { mask, state = STATE }: StudentOptions = {},
): Student => {
  const saved = run.restore(state)
  const { arrays } = saved ?? {}
  const known = restoredArchitecture(saved) ?? architecture
  const student = new Student(known, arrays?.weights ?? weights, arrays?.statistics ?? statistics)
  student.mask = arrays ? arrays.mask : mask
  // Any other network may have been made after the student, which later stages change: it can't be made so again.
  run.provide(state, () => studentState(student, state === STATE ? architecture : undefined))
  run.atEnd(() => student.dispose())
  return student
}

/** From now on, checkpoints of the run store the student in its current state, however it changes later. */
export const holdStudent = (run: RunContext, student: Student): void => {
  const now = studentState(student)
  run.provide(STATE, () => now)
}

/** Under which name the student is kept. */
const STATE = 'student'

/** A student's state now, copied. @param given the architecture that it will be made with again, if that is known */
const studentState = ({ architecture, weights, statistics, mask }: Student, given?: Architecture): StageState => ({
  arrays: {
    weights: Float32Array.from(weights.dataSync()),
    // Left out without batch normalisation: a checkpoint holds no empty arrays.
    ...(statistics.size > 0 ? { statistics: Float32Array.from(statistics.dataSync()) } : {}),
    ...(mask ? { mask: mask.slice() } : {}),
  },
  values: architecture === given ? {} : { description: describeArchitecture(architecture) },
})

const restoredArchitecture = (saved: StageState | undefined): Architecture | undefined => {
  const text = saved?.values.description
  if (typeof text !== 'string') return undefined
  const read = described(text)
  return isLeft(read) ? rejectOption('resume', read.left.expected, read.left.actual) : read.right
}

/** Refuses a network that is not for the run's images or classes. @throws OptionError */
export const checkFit = (stage: string, { name, input, classes }: Architecture, data: DataFacts): void => {
  const { height, width, channels } = data.shape
  if (height !== input.height || width !== input.width || channels !== input.channels)
    rejectOption(
      stage,
      `images of ${input.height} x ${input.width} x ${input.channels} for ${name}`,
      `${height} x ${width} x ${channels} (${data.name})`,
    )
  if (classes !== data.classes) rejectOption(stage, `${classes} classes for ${name}`, `${data.classes} (${data.name})`)
}
