import { missing } from '../../../dsl/optionalPackages.js'
import type { PointProgress } from '../../sweep/pointMessages.js'
import type { PointEnd, RunningWorker } from './workerTypes.js'

/** The figures of a worker, for Prometheus. */
export interface WorkerMetrics {
  readonly onEnd: (end: PointEnd) => void
  readonly onProgress: (key: string, progress: PointProgress) => void
  /** Shows what this worker knows from now on. */
  readonly watch: (worker: RunningWorker) => void
  readonly contentType: string
  /** The figures in the text format of Prometheus. */
  readonly text: () => Promise<string>
}

/** Upper ends, in seconds, of the classes in which the durations of points are counted. */
const DURATIONS = [1, 10, 60, 300, 900, 3600, 4 * 3600, 24 * 3600]

/** Figures of a worker, by the library prom-client, beside those of its own process. */
export const workerMetrics = async (): Promise<WorkerMetrics> => {
  const { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } = await import('prom-client').catch(
    missing('--metrics-at', 'figures of a worker'),
  )
  const register = new Registry()
  const registers = [register]
  collectDefaultMetrics({ register })
  let worker: RunningWorker | undefined
  const ended = new Counter({
    name: 'pwoa_points_ended_total',
    help: 'Points that have ended on this worker: done, failed, crashed, or handed back and why.',
    labelNames: ['end'],
    registers,
  })
  const seconds = new Histogram({
    name: 'pwoa_point_seconds',
    help: 'How long points were on this worker.',
    buckets: DURATIONS,
    registers,
  })
  new Gauge({
    name: 'pwoa_points_running',
    help: 'Points that this worker runs.',
    registers,
    collect() {
      this.set(worker?.running() ?? 0)
    },
  })
  const steps = new Counter({ name: 'pwoa_steps_total', help: 'Training steps that this worker has run.', registers })
  new Gauge({
    name: 'pwoa_points_memory_bytes',
    help: 'Memory of the processes of the points that this worker runs.',
    registers,
    collect() {
      this.set(worker?.memory() ?? 0)
    },
  })
  new Gauge({
    name: 'pwoa_worker_ready',
    help: '1 if this worker takes points.',
    registers,
    collect() {
      this.set(worker?.isReady() ? 1 : 0)
    },
  })
  new Gauge({
    name: 'pwoa_queue_points',
    help: 'Points in the queue by state. Every worker reports all of them: take the maximum.',
    labelNames: ['sweep', 'state'],
    registers,
    async collect() {
      // Without Redis there is nothing to report, and a scrape must not wait for it.
      const view = worker?.isReady() ? await worker.view() : undefined
      this.reset()
      for (const { id, points } of view?.sweeps ?? [])
        for (const [state, count] of Object.entries(points)) this.set({ sweep: id, state }, count)
    },
  })
  const last = new Map<string, number>()
  return {
    onEnd: ({ verdict, seconds: taken }) => {
      ended.inc({ end: verdict })
      seconds.observe(taken)
    },
    onProgress: (key, progress) => {
      if (progress.type !== 'training') return
      const name = `${key} ${progress.phase}`
      const before = last.get(name) ?? progress.step
      steps.inc(Math.max(0, progress.step - before))
      last.set(name, progress.step)
    },
    watch: (started) => {
      worker = started
    },
    contentType: register.contentType,
    text: () => register.metrics(),
  }
}
