import { rejectOption } from '../dsl/errors.js'
import type { Pattern } from '../math/projection.js'
import type { Architecture } from '../models/architecture.js'
import type { PruningTask } from './pruning.js'
import { layerRates, type Rate } from './rates.js'

/**
 * What a mask stage prunes of a network.
 *
 * @throws OptionError for an unknown layer, a rate < 1, or one that would leave a layer without a filter or a column: it
 * says the largest that leaves one
 */
export const pruningTask = (
  stage: string,
  architecture: Architecture,
  pattern: Pattern,
  rate: Rate,
  exclude: readonly string[],
): PruningTask => {
  const rates = layerRates(stage, architecture, rate, exclude)
  for (const { parameter, rate: own } of rates) {
    const filters = parameter.shape.at(-1) ?? 1
    const groups = { irregular: parameter.size, filter: filters, column: parameter.size / filters }[pattern]
    if (own > groups)
      rejectOption(
        stage,
        `a rate of at most ${groups} for "${parameter.node}", which leaves one ${units[pattern]}`,
        own,
      )
  }
  return { pattern, rates }
}

const units: Readonly<Record<Pattern, string>> = { irregular: 'weight', filter: 'filter', column: 'column' }
