import type { CurvePoints } from '../report/curves.js'
import type { RunFacts, WeightsAt } from '../report/runView.js'
import type { RunUpdate } from './messages.js'

/** Of a run that is one of many: what a table and a chart of all show. So a message stays small whatever they do. */
export const inBrief = ({ facts, curves, weights, pictures: _, plan: __, ...rest }: RunUpdate): RunUpdate => ({
  ...rest,
  ...(facts ? { facts: factsInBrief(facts) } : {}),
  ...(curves ? { curves: lossOf(curves) } : {}),
  ...(weights ? { weights: weights.slice(-1).map(withoutHistograms) } : {}),
})

const factsInBrief = (facts: RunFacts): RunFacts => ({
  ...facts,
  measured: facts.measured.filter(({ subject }) => subject !== 'epoch'),
  environments: [],
  timeline: [],
  attacked: [],
  admm: [],
  warnings: [],
  artifacts: [],
})

const lossOf = ({ columns: { loss }, ...place }: CurvePoints): CurvePoints => ({
  ...place,
  columns: loss ? { loss } : {},
})

const withoutHistograms = (at: WeightsAt): WeightsAt => ({
  ...at,
  layers: at.layers.map((layer) => ({ ...layer, histogram: [] })),
})
