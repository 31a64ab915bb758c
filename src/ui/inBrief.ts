import { given } from '../dsl/kit/given.js'
import type { CurvePoints } from '../report/figures/curves.js'
import type { RunFacts, WeightsAt } from '../report/figures/runView.js'
import type { RunUpdate } from './messages.js'

/** Reduces a run to what the table and the chart of all runs show, so that messages about many runs stay small. */
export const inBrief = ({ facts, curves, weights, pictures: _, plan: __, ...rest }: RunUpdate): RunUpdate => ({
  ...rest,
  ...given({
    facts: facts && factsInBrief(facts),
    curves: curves && lossOf(curves),
    weights: weights?.slice(-1).map(withoutHistograms),
  }),
})

const factsInBrief = (facts: RunFacts): RunFacts => ({
  ...facts,
  measured: facts.measured.filter(({ subject }) => subject !== 'epoch'),
  environments: [],
  timeline: [],
  attacked: [],
  admm: [],
  own: [],
  warnings: [],
  artifacts: [],
})

const lossOf = ({ columns: { loss }, ...place }: CurvePoints): CurvePoints => ({
  ...place,
  columns: given({ loss }),
})

const withoutHistograms = (at: WeightsAt): WeightsAt => ({
  ...at,
  layers: at.layers.map((layer) => ({ ...layer, histogram: [] })),
})
