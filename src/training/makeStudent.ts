import type { RunContext } from '../dsl/context.js'
import type { Architecture } from '../models/architecture.js'
import { freshStatistics } from '../models/statistics.js'
import { Student } from './network.js'

export interface StudentOptions {
  /** 1 where a parameter is kept and 0 where it is pruned. @default nothing is pruned yet */
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
  { mask, state = 'student' }: StudentOptions = {},
): Student => {
  const saved = run.restore(state)?.arrays
  const student = new Student(architecture, saved?.weights ?? weights, saved?.statistics ?? statistics)
  student.mask = saved ? saved.mask : mask
  run.provide(state, () => ({
    arrays: {
      weights: Float32Array.from(student.weights.dataSync()),
      // None without batch normalisation: a checkpoint holds no empty arrays.
      ...(student.statistics.size > 0 ? { statistics: Float32Array.from(student.statistics.dataSync()) } : {}),
      ...(student.mask ? { mask: student.mask.slice() } : {}),
    },
    values: {},
  }))
  run.atEnd(() => student.dispose())
  return student
}
