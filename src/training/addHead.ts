import type { Step } from '../dsl/step.js'
import { carried } from '../models/carried.js'
import { parameterCount, parametersOf } from '../models/parameters.js'
import { type Head, withHead } from '../models/withHead.js'
import type { HasStudent } from './network.js'
import { randomWeights } from './randomWeights.js'

/**
 * Gives the student a stochastic head, see `withHead`. The head and the last layer, which reads another code than before,
 * start from random weights of the run's seed; all else keeps its numbers and its mask. A student that has the head
 * already, in a resumed run or out of a file, stays as it is.
 *
 * @throws OptionError for a network that does not end in a linear layer, or has another head
 */
export const addHead = ({ run, student }: Step & HasStudent, head: Head): void => {
  const { architecture, mask } = student
  const wanted = withHead(architecture, head)
  if (wanted === architecture) return
  const last = wanted.nodes.at(-1)?.id
  const begun = (values: Float32Array, fresh: Float32Array): Float32Array => {
    const all = carried(architecture, values, wanted, fresh.slice())
    for (const { node, offset, size } of parametersOf(wanted))
      if (node === last) all.set(fresh.subarray(offset, offset + size), offset)
    return all
  }
  student.become({
    architecture: wanted,
    weights: begun(student.weights.dataSync<'float32'>(), randomWeights(wanted, run.seed, head.name)),
    statistics: Float32Array.from(student.statistics.dataSync()),
    mask: mask && begun(mask, new Float32Array(parameterCount(wanted)).fill(1)),
  })
}
