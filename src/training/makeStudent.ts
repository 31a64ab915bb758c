import type { RunContext } from '../dsl/context.js'
import type { Architecture } from '../models/architecture.js'
import { Student } from './network.js'

/** Under which name the student's weights and mask are kept across an interruption. */
const STATE = 'student'

/**
 * The run's student, with the given weights or, in a resumed run, with those it had. Its state is part of the
 * run's, and it is freed when the run ends.
 */
export const makeStudent = (run: RunContext, architecture: Architecture, weights: Float32Array): Student => {
  const saved = run.restore(STATE)?.arrays
  const student = new Student(architecture, saved?.weights ?? weights)
  student.mask = saved?.mask
  run.provide(STATE, () => ({
    arrays: {
      weights: Float32Array.from(student.weights.dataSync()),
      ...(student.mask ? { mask: student.mask.slice() } : {}),
    },
    values: {},
  }))
  run.atEnd(() => student.dispose())
  return student
}
