import type { Minibatch, Step } from './step.js'

/** The same step with another view of its minibatch: for stages that change images, which is no adding of fields. */
export const withMinibatch = <S extends Step>(step: S, minibatch: Minibatch): S => ({ ...step, minibatch })
