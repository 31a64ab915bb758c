import { checkOptions } from '../../dsl/checkOptions.js'
import { checkPositive, checkWhole } from '../../dsl/checks.js'
import { rejectOption } from '../../dsl/errors.js'
import { type Pattern, patternWords, ruleOf } from '../../math/patterns.js'
import type { Recipe } from '../step/phasePlan.js'
import { type RateSharing, rateSharings } from './rateSharing.js'
import { type Budget, checkRate, isBudget, isOverall, type Rate, ratesIn } from './rates.js'

/** What all stages of a pruning phase and a masked retraining have. */
export interface MaskChoices {
  readonly pattern: Pattern
  readonly rate: Rate
  readonly rates: RateSharing
  readonly epochs: number
  readonly retrainEpochs: number
}

/** @throws OptionError for a rate < 1, an unknown pattern, a wrong number of epochs, or a learning rate ≤ 0 */
export const checkMask = (
  stage: string,
  { pattern, rate, rates, epochs, retrainEpochs }: MaskChoices,
  recipes: readonly Recipe[],
): void => {
  if (!ruleOf(pattern)) rejectOption(stage, `a pattern among ${patternWords}`, pattern)
  for (const each of ratesIn(rate)) checkRate(stage, each)
  if (isBudget(rate)) checkBudget(stage, pattern, rate)
  if (isOverall(rate)) checkOptions(stage, rate, { overall: true, fixed: true }, OF_RATE)
  checkSharing(stage, pattern, rate, rates)
  checkWhole(stage, 'epochs', epochs, 0)
  checkWhole(stage, 'retrainEpochs', retrainEpochs, 0)
  checkWhole(stage, 'epochs + retrainEpochs', epochs + retrainEpochs, 1)
  for (const { learningRate } of recipes) checkPositive(stage, 'learningRate', learningRate)
}

const checkSharing = (stage: string, pattern: Pattern, rate: Rate, rates: RateSharing): void => {
  if (!rateSharings.includes(rates)) rejectOption(stage, `rates among ${rateSharings.join(', ')}`, rates)
  if (rates === 'uniform') return
  if (typeof rate !== 'number')
    rejectOption(stage, `one number as the rate that ${rates} rates come to`, 'more than one')
  if (ruleOf(pattern)?.by !== 'score')
    rejectOption(stage, `a pattern of groups that compete, for ${rates} rates`, pattern)
}

const budgets: Readonly<Record<Budget['budget'], true>> = { parameters: true, flops: true, latency: true }

const checkBudget = (stage: string, pattern: Pattern, given: Budget): void => {
  const { budget, keep } = given
  if (!Object.keys(budgets).includes(budget))
    rejectOption(stage, `a budget among ${Object.keys(budgets).join(', ')}`, String(budget))
  if (given.budget === 'latency') checkOptions(stage, given, { budget: true, keep: true, images: true }, OF_RATE)
  else checkOptions(stage, given, { budget: true, keep: true }, OF_RATE)
  if (!(keep > 0 && keep <= 1)) rejectOption(stage, 'a share to keep in (0, 1]', keep)
  if (given.budget === 'latency' && given.images !== undefined)
    checkWhole(stage, 'images of a latency budget', given.images, 1)
  if (pattern !== 'filter' && pattern !== 'channel')
    rejectOption(stage, 'pattern filter or channel for a budget of the shrunk network', pattern)
}

const OF_RATE = 'options of rate'
