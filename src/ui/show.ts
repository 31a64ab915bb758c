import type { RunEvent } from '../dsl/events.js'
import type { LoggedEvent } from '../dsl/record.js'
import type { TrainingMetrics } from '../dsl/step.js'
import type { RunFigures } from '../report/runFigures.js'
import type { RunPlan } from '../report/runRecord.js'
import type { Control, PageMessage, RunUpdate } from './messages.js'

/** A run on a page. */
export interface ShownRun {
  readonly id: string
  readonly label: string
  readonly plan: RunPlan | undefined
  readonly figures: RunFigures
  /** Pictures of attacks, SVG, by the names of their files. */
  readonly pictures: ReadonlyMap<string, string>
  readonly controls: Readonly<Record<Control, () => void>> | undefined
}

/** The runs that a page shows, and what has changed of them since it was last asked. */
export interface Show {
  /** Adds a run, or puts another in the place of the one with its id. */
  readonly put: (run: ShownRun) => void
  readonly step: (id: string, metrics: TrainingMetrics) => void
  readonly event: (id: string, logged: LoggedEvent) => void
  readonly picture: (id: string, name: string, svg: string) => void
  readonly end: (id: string, ...how: Parameters<RunFigures['end']>) => void
  readonly run: (id: string) => ShownRun | undefined
  readonly all: () => PageMessage
  readonly changes: () => PageMessage | undefined
}

type News = 'all' | 'facts' | 'head' | 'weights' | 'pictures'

interface Entry {
  run: ShownRun
  news: Set<News>
}

/** Nothing to see yet. */
export const makeShow = (title: string): Show => {
  const entries = new Map<string, Entry>()

  const whole = ({ id, label, plan, figures, pictures, controls }: ShownRun): RunUpdate => {
    const head = figures.head()
    return {
      id,
      label,
      control: controls ? 'here' : 'none',
      ...(plan ? { plan } : {}),
      facts: figures.facts(),
      ...(head ? { head } : {}),
      curves: figures.curves.all(),
      weights: figures.weights(),
      pictures: encoded(pictures),
    }
  }
  const changed = ({ run, news }: Entry): RunUpdate[] => {
    const { id, label, figures, pictures, controls } = run
    const curves = figures.curves.changes()
    if (news.has('all')) return [whole(run)]
    const head = news.has('head') ? figures.head() : undefined
    if (news.size === 0 && !curves) return []
    return [
      {
        id,
        label,
        control: controls ? 'here' : 'none',
        ...(news.has('facts') ? { facts: figures.facts() } : {}),
        ...(head ? { head } : {}),
        ...(curves ? { curves } : {}),
        ...(news.has('weights') ? { weights: figures.weights() } : {}),
        ...(news.has('pictures') ? { pictures: encoded(pictures) } : {}),
      },
    ]
  }
  return {
    put: (run) => void entries.set(run.id, { run, news: new Set(['all']) }),
    step: (id, metrics) => {
      const entry = entries.get(id)
      entry?.run.figures.step(metrics, Date.now() / 1000)
      entry?.news.add('head')
    },
    event: (id, logged) => {
      const entry = entries.get(id)
      entry?.run.figures.event(logged)
      entry?.news.add(newsOf(logged.event))
    },
    picture: (id, name, svg) => {
      const entry = entries.get(id)
      if (!entry) return
      entry.run = { ...entry.run, pictures: new Map([...entry.run.pictures, [name, svg]]) }
      entry.news.add('pictures')
    },
    end: (id, ...how) => {
      const entry = entries.get(id)
      entry?.run.figures.end(...how)
      entry?.news.add('facts')
    },
    run: (id) => entries.get(id)?.run,
    all: () => ({ kind: 'all', title, runs: [...entries.values()].map(({ run }) => whole(run)) }),
    changes: () => {
      const runs = [...entries.values()].flatMap(changed)
      for (const entry of entries.values()) entry.news = new Set()
      return runs.length === 0 ? undefined : { kind: 'changes', title, runs }
    },
  }
}

const encoded = (pictures: ReadonlyMap<string, string>): Readonly<Record<string, string>> =>
  Object.fromEntries([...pictures].map(([name, svg]) => [name, Buffer.from(svg).toString('base64')]))

const newsOf = ({ type }: RunEvent): 'facts' | 'weights' => (type === 'weights' ? 'weights' : 'facts')
