// Makes a new network with random weights: the start of a teacher's training.
import type { DataFacts } from '../dsl/dataset.js'
import { type Found, type Op, stage } from '../dsl/op.js'
import { readArgument } from '../dsl/options/declare.js'
import { enrichOnce } from '../dsl/stages/enrichOnce.js'
import { lookingBy } from '../dsl/stages/lookingBy.js'
import type { Architecture } from '../models/architecture/architecture.js'
import { parallelOf } from '../models/parameters/statistics.js'
import { type ArchitectureName, architectureOption, resolveArchitecture } from '../models/zoo/zoo.js'
import { checkFit, makeStudent } from '../training/network/makeStudent.js'
import type { HasStudent } from '../training/network/network.js'
import { randomWeights } from '../training/network/randomWeights.js'

const STAGE = 'initialise'

/**
 * Adds `student` with PyTorch's default initialisation: weights and bias of a layer uniform in ±1/√fan_in, drawn
 * from the run's seed; batch normalisation with γ = 1, β = 0, running mean 0 and variance 1. A network given by its
 * name has as many classes as the data.
 *
 * @example
 * pipeline('teacher', syntheticDigits()).pipe(initialise('mnistNet'), crossEntropy(), train({ epochs: 5 }))
 * @param network a name of the zoo, or a network made with `architecture(…)`
 * @throws OptionError for an unknown architecture, or (when the run starts) one that is not for the run's images
 * Source: `reset_parameters` of PyTorch's `Linear` and `Conv2d`: He et al., "Delving Deep into Rectifiers", ICCV 2015,
 * with a = √5.
 */
export const initialise = (network: ArchitectureName | Architecture): Op<unknown, HasStudent> => {
  readArgument(STAGE, 'network', architectureOption(), network)
  const planned = resolveArchitecture(STAGE, network)
  const look = async (data: DataFacts | undefined): Promise<Found> => {
    if (data) checkFit(STAGE, resolveArchitecture(STAGE, network, data.classes), data)
    return { says: [] }
  }
  return stage(
    {
      stage: STAGE,
      config: { architecture: planned.name },
      look: lookingBy(STAGE, look),
      needs: [],
      adds: ['student'],
      parallel: parallelOf(planned),
    },
    enrichOnce(STAGE, async ({ run }) => {
      const architecture = resolveArchitecture(STAGE, network, run.data.classes)
      checkFit(STAGE, architecture, run.data)
      return { student: makeStudent(run, architecture, randomWeights(architecture, run.seed, STAGE)) }
    }),
  )
}
