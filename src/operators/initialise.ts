// Makes a fresh network with random weights: the start of a teacher's training.
import { enrichOnce } from '../dsl/enrichOnce.js'
import { type Op, stage } from '../dsl/op.js'
import { fillUniform, stream } from '../math/random.js'
import type { Architecture } from '../models/architecture.js'
import { parameterCount, parametersOf } from '../models/parameters.js'
import { parallelOf } from '../models/statistics.js'
import { resolveArchitecture } from '../models/zoo.js'
import { checkFit } from '../training/checkFit.js'
import { makeStudent } from '../training/makeStudent.js'
import type { HasStudent } from '../training/network.js'

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
      return { student: makeStudent(run, architecture, randomWeights(architecture, run.seed)) }
    }),
  )
}

const randomWeights = (architecture: Architecture, seed: number): Float32Array => {
  const flat = new Float32Array(parameterCount(architecture))
  let bound = 0
  for (const { name, role, size, offset, shape } of parametersOf(architecture)) {
    const values = flat.subarray(offset, offset + size)
    if (role === 'scale') values.fill(1)
    if (role === 'scale' || role === 'shift') continue
    // A bias shares the bound of the weight before it.
    if (role === 'weight') bound = 1 / Math.sqrt(size / (shape.at(-1) ?? 1))
    fillUniform(values, -bound, bound, stream(seed, 'initialise', name))
  }
  return flat
}
