import { isTrial, trialName, trialOf } from '../trial/trialOf.js'
import type { Comparison } from './comparison.js'

/** The comparison as a quick trial of each of its pipelines. */
export const trialComparison = (comparison: Comparison): Comparison =>
  isTrial(comparison)
    ? comparison
    : {
        ...comparison,
        name: trialName(comparison.name),
        rows: Object.fromEntries(Object.entries(comparison.rows).map(([label, row]) => [label, trialOf(row)])),
        withParams: (params) => trialComparison(comparison.withParams(params)),
        run: (options = {}) => comparison.run({ ...options, trial: 'quick' }),
      }
