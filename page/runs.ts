import type { RunPlan } from '../src/report/figures/runRecord.js'
import type { RunFacts, RunHead, WeightsAt } from '../src/report/figures/runView.js'
import type { PageMessage, RunUpdate } from '../src/ui/messages.js'

/** A run, as the messages so far describe it. */
export interface Run {
  readonly id: string
  label: string
  params: RunUpdate['params']
  control: RunUpdate['control']
  plan: RunPlan | undefined
  facts: RunFacts | undefined
  head: RunHead | undefined
  weights: readonly WeightsAt[]
  pictures: Readonly<Record<string, string>>
  /** Number of steps that one point of the curves covers. */
  width: number
  readonly curves: Map<string, (number | null)[]>
}

/** All runs by id, in order. */
export type Runs = Map<string, Run>

/** Updates the runs by a message. */
export const receive = (runs: Runs, { kind, runs: updates }: PageMessage): void => {
  if (kind === 'all') for (const id of runs.keys()) if (updates.every((update) => update.id !== id)) runs.delete(id)
  for (const update of updates) {
    const run = runs.get(update.id) ?? fresh(update.id)
    runs.set(update.id, run)
    merge(run, update)
  }
}

const fresh = (id: string): Run => ({
  id,
  label: '',
  params: undefined,
  control: 'none',
  plan: undefined,
  facts: undefined,
  head: undefined,
  weights: [],
  pictures: {},
  width: 1,
  curves: new Map(),
})

const merge = (run: Run, update: RunUpdate): void => {
  const { label, params, control, plan, facts, head, curves, weights, pictures } = update
  run.label = label
  run.params = params
  run.control = control
  run.plan = plan ?? run.plan
  run.facts = facts ?? run.facts
  run.head = head ?? run.head
  run.weights = weights ?? run.weights
  run.pictures = pictures ?? run.pictures
  if (!curves) return
  run.width = curves.width
  if (curves.from === 0) run.curves.clear()
  for (const [name, values] of Object.entries(curves.columns)) {
    const known = run.curves.get(name) ?? Array.from({ length: curves.from }, () => null)
    known.length = curves.from
    for (const value of values) known.push(value)
    run.curves.set(name, known)
  }
}
