import { rejectOption } from '../../dsl/errors.js'
import { type Pattern, type RateLimits, ruleOf } from '../../math/patterns.js'
import type { Architecture } from '../../models/architecture/architecture.js'
import { budgetLayers, budgetRates, countedCost } from './budget.js'
import { byteLayers } from './byteBudget.js'
import { type PruningTask, weightShape } from './pruning.js'
import { type Excluded, isBudget, isByteBudget, layerRates, type Rate } from './rates.js'

/**
 * What a mask stage prunes of a network. Rates for a latency or for bytes, and rates that layers share, are determined later.
 *
 * @throws OptionError for an unknown layer or a rate < 1
 */
export const pruningTask = (
  stage: string,
  architecture: Architecture,
  pattern: Pattern,
  rate: Rate,
  exclude: Excluded,
): PruningTask => {
  if (isByteBudget(rate)) return { pattern, rates: byteLayers(stage, architecture, pattern, exclude) }
  if (isBudget(rate)) {
    if (rate.budget === 'latency') return { pattern, rates: budgetLayers(stage, architecture, pattern, exclude) }
    const cost = countedCost(architecture, rate.budget)
    return { pattern, rates: budgetRates(stage, architecture, pattern, rate, exclude, cost) }
  }
  return { pattern, rates: layerRates(stage, architecture, rate, exclude) }
}

/**
 * Checks whether each layer can have its rate.
 *
 * @throws OptionError, with the largest possible rate, for one that would leave a layer without a filter or a column, or
 * that its pattern does not have
 */
export const checkLayerRates = (stage: string, { pattern, rates }: PruningTask): void => {
  for (const { parameter, rate: own } of rates) {
    const { least, most, leaves } = ruleOf(pattern)?.limits(weightShape(parameter)) ?? NO_LIMITS
    if (own > most || own < least)
      rejectOption(
        stage,
        `a rate of ${least === most ? '' : 'at most '}${most} for "${parameter.node}", which leaves ${leaves}`,
        own,
      )
  }
}

const NO_LIMITS: RateLimits = { least: 1, most: Infinity, leaves: 'nothing' }
