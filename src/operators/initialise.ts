// Makes a fresh network with random weights: the start of a teacher's training.
import { enrichOnce } from '../dsl/enrichOnce.js'
import { type Op, stage } from '../dsl/op.js'
import type { Architecture } from '../models/architecture.js'
import { parallelOf } from '../models/statistics.js'
import { resolveArchitecture } from '../models/zoo.js'
import { checkFit, makeStudent } from '../training/network/makeStudent.js'
import type { HasStudent } from '../training/network/network.js'
import { randomWeights } from '../training/network/randomWeights.js'

/**
 * Adds `student` with PyTorch's default initialisation: weights and bias of a layer uniform in ±1/√fan_in, drawn
 * from the run's seed; batch normalisation with γ = 1, β = 0, running mean 0 and variance 1. A network given by its
 * name has as many classes as the data.
 *
 * @example
 * pipeline('teacher', syntheticDigits()).pipe(initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }))
 * @throws OptionError for an unknown architecture, or (when the run starts) one that is not for the run's images
 */
export const initialise = (given: string | Architecture): Op<unknown, HasStudent> => {
  const planned = resolveArchitecture('initialise', given)
  return stage(
    {
      stage: 'initialise',
      config: { architecture: planned.name },
      needs: [],
      adds: ['student'],
      parallel: parallelOf(planned),
    },
    enrichOnce('initialise', async ({ run }) => {
      const architecture = resolveArchitecture('initialise', given, run.data.classes)
      checkFit('initialise', architecture, run.data)
      return { student: makeStudent(run, architecture, randomWeights(architecture, run.seed, 'initialise')) }
    }),
  )
}
