import { trialComparison } from '../comparison/trialComparison.js'
import { trialSweep } from '../sweep/trialSweep.js'
import { trialOf } from '../trial/trialOf.js'
import type { Runnable } from './definePipeline.js'

/** What a file describes, as a quick trial. */
export const trialOfFile = (made: Runnable): Runnable => {
  if (made.kind === 'pipeline') return trialOf(made)
  return made.kind === 'sweep' ? trialSweep(made) : trialComparison(made)
}
