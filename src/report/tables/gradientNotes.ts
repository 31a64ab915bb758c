import type { Accuracies } from '../../dsl/figures.js'
import { formatPercent } from './format.js'

/** The largest share of its examples on which an attack had no gradient, by the attack: `pgd`, `autoattack/apgd-ce`. */
export type MissingGradients = Readonly<Record<string, number>>

/** The shares of some evaluations, the largest of each attack. */
export const missingGradients = (all: readonly Accuracies[]): MissingGradients => {
  const largest: Record<string, number> = {}
  for (const { details = {} } of all)
    for (const [attack, { withoutGradient = {} }] of Object.entries(details))
      for (const [stage, share] of Object.entries(withoutGradient)) {
        const name = attack === stage ? attack : `${attack}/${stage}`
        largest[name] = Math.max(largest[name] ?? 0, share)
      }
  return largest
}

/** What a caption says of them: `no gradient on up to 98.0 % of the examples: pgd`; nothing if there are none. */
export const gradientNotes = (missing: MissingGradients): readonly string[] =>
  Object.entries(missing).map(
    ([name, share]) => `no gradient on up to ${formatPercent(share)} of the examples: ${name}`,
  )
