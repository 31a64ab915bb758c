import { rejectOption } from '../../dsl/errors.js'
import { choice, whole } from '../../dsl/options/kinds.js'
import { type Pattern, patternOption, ruleOf } from '../../math/patterns.js'
import { type RateSharing, rateSharings } from './rateSharing.js'
import { type Excluded, excludeOption, isBudget, isByteBudget, type Rate, rateOption } from './rates.js'

/** Options of every stage that prunes: what, and how much. */
export const targetFields = {
  /** What is pruned together: weights, filters, columns, channels, blocks, N:M or kernel patterns; see `Pattern`. */
  pattern: patternOption(),
  /** Compression: 4 keeps a quarter. A number, one for each layer, an overall one, or a budget; see `Rate`. */
  rate: rateOption(),
  /** How one rate is shared among the layers; see `RateSharing`. @default 'uniform' */
  rates: choice(rateSharings).default('uniform'),
  /** Layers that are not pruned: by name, or 'last', the one that gives the logits. @default none */
  exclude: excludeOption().default([]),
}

/** Options of every stage that retrains with a fixed mask. */
export const retrainingFields = {
  /** Epochs of the masked retraining, ≥ 0. @default 100 */
  retrainEpochs: whole(0, { unit: 'epochs' }).default(100),
}

/** What a stage prunes, and for how long. */
export interface MaskTarget {
  readonly pattern: Pattern
  readonly rate: Rate
  readonly rates: RateSharing
  readonly exclude: Excluded
  readonly epochs: number
  readonly retrainEpochs: number
}

/**
 * Checks the options together, for what none of them can check alone.
 *
 * @throws OptionError for options that do not go together
 */
export const checkMask = (stage: string, { pattern, rate, rates, epochs, retrainEpochs }: MaskTarget): void => {
  const isWhole = pattern === 'filter' || pattern === 'channel'
  const inBytes = isByteBudget(rate)
  if (isBudget(rate) && !inBytes && !isWhole)
    rejectOption(stage, 'pattern filter or channel for a budget of the shrunk network', pattern)
  if (inBytes && ruleOf(pattern)?.by !== 'score')
    rejectOption(stage, 'a pattern of groups that compete, for a budget in bytes', pattern)
  if (inBytes && isWhole && rates !== 'uniform')
    rejectOption(stage, 'uniform rates for a budget of the shrunk network', rates)
  if (rates !== 'uniform' && typeof rate !== 'number' && !inBytes)
    rejectOption(stage, `one number as the rate that ${rates} rates come to`, 'more than one')
  if (rates !== 'uniform' && ruleOf(pattern)?.by !== 'score')
    rejectOption(stage, `a pattern of groups that compete, for ${rates} rates`, pattern)
  if (epochs + retrainEpochs === 0) rejectOption(stage, 'epochs + retrainEpochs >= 1', 0)
}
