import type { LoggedEvent, RunEvent } from '../dsl/events.js'
import { given } from '../dsl/kit/given.js'
import type { TrainingMetrics } from '../dsl/step.js'
import type { RunFigures } from '../report/figures/runFigures.js'
import type { RunPlan } from '../report/figures/runRecord.js'
import type { PointParams } from '../runtime/records/sweepFiles.js'
import { inBrief } from './inBrief.js'
import type { Control, PageMessage, RunUpdate } from './messages.js'

/** A run on a page. Without controls, another process runs it, or it has ended. */
export interface ShownRun {
  readonly id: string
  readonly label: string
  readonly params?: PointParams
  readonly plan: RunPlan | undefined
  readonly figures: RunFigures
  /** Pictures of adversarial examples, SVG, by file name. */
  readonly pictures: ReadonlyMap<string, string>
  readonly controls: Readonly<Record<Control, () => void>> | undefined
}

/** The runs that a page shows, and what has changed since the last message. */
export interface Show {
  /** Adds a run, or replaces the one with its id. */
  readonly put: (run: ShownRun) => void
  readonly step: (id: string, metrics: TrainingMetrics) => void
  readonly event: (id: string, logged: LoggedEvent) => void
  readonly picture: (id: string, name: string, svg: string) => void
  readonly end: (id: string, ...how: Parameters<RunFigures['end']>) => void
  readonly run: (id: string) => ShownRun | undefined
  /** A message with everything. @param chosen id of the run in full. @default the newest that has started */
  readonly all: (chosen: string | undefined) => PageMessage
  /** A message with the changes since the last call, for the chosen run of each page; undefined without changes. */
  readonly changes: () => ((chosen: string | undefined) => PageMessage) | undefined
}

type News = 'all' | 'facts' | 'head' | 'weights' | 'pictures'

interface Entry {
  run: ShownRun
  news: Set<News>
}

/** A show without runs. */
export const makeShow = (title: string): Show => {
  const entries = new Map<string, Entry>()

  const whole = (run: ShownRun): RunUpdate => {
    const { plan, figures, pictures } = run
    return given({
      ...placeOf(run),
      plan,
      facts: figures.facts(),
      head: figures.head(),
      curves: figures.curves.all(),
      weights: figures.weights(),
      pictures: encoded(pictures),
    })
  }
  const changed = ({ run, news }: Entry): RunUpdate[] => {
    const { figures, pictures } = run
    const curves = figures.curves.changes()
    if (news.has('all')) return [whole(run)]
    if (news.size === 0 && !curves) return []
    return [
      given({
        ...placeOf(run),
        facts: news.has('facts') ? figures.facts() : undefined,
        head: news.has('head') ? figures.head() : undefined,
        curves,
        weights: news.has('weights') ? figures.weights() : undefined,
        pictures: news.has('pictures') ? encoded(pictures) : undefined,
      }),
    ]
  }
  const inFull = (chosen: string | undefined): string | undefined => {
    if (chosen !== undefined && entries.has(chosen)) return chosen
    const runs = [...entries.values()].map(({ run }) => run)
    return (runs.findLast(({ figures }) => figures.facts().state !== 'waiting') ?? runs[0])?.id
  }
  const message = (kind: PageMessage['kind'], chosen: string | undefined, runs: readonly RunUpdate[]): PageMessage => {
    const shown = inFull(chosen)
    return { kind, title, shown, runs: runs.map((update) => (update.id === shown ? update : inBrief(update))) }
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
    all: (chosen) =>
      message(
        'all',
        chosen,
        [...entries.values()].map(({ run }) => whole(run)),
      ),
    changes: () => {
      const runs = [...entries.values()].flatMap(changed)
      for (const entry of entries.values()) entry.news = new Set()
      return runs.length === 0 ? undefined : (chosen) => message('changes', chosen, runs)
    },
  }
}

const placeOf = ({ id, label, params, controls }: ShownRun) => ({
  id,
  label,
  ...given({ params }),
  control: controls ? ('here' as const) : ('none' as const),
})

const encoded = (pictures: ReadonlyMap<string, string>): Readonly<Record<string, string>> =>
  Object.fromEntries([...pictures].map(([name, svg]) => [name, Buffer.from(svg).toString('base64')]))

const newsOf = ({ type }: RunEvent): 'facts' | 'weights' => (type === 'weights' ? 'weights' : 'facts')
