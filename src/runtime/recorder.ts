import { join } from 'node:path'
import type { RunEvent } from '../dsl/events.js'
import type { TrainingMetrics } from '../dsl/step.js'
import { writeWhole } from '../io/writeWhole.js'
import { encodeCheckpoint, type RunCheckpoint } from './checkpointFile.js'
import { openMetricsFile } from './metricsFile.js'
import { newestWriter } from './newestWriter.js'
import { runFiles } from './runFolder.js'
import { makeStateRegistry, type StateRegistry } from './stateRegistry.js'
import { makeTally, type Tally } from './tally.js'
import { valueOf } from './valueOf.js'

/** Keeps the books of one run: figures, `metrics.jsonl`, the stages' state and the checkpoints. */
export interface Recorder {
  readonly registry: StateRegistry
  readonly tally: Tally
  /** Books a step; false for one that an earlier part of the run has booked already. */
  readonly step: (metrics: TrainingMetrics) => boolean
  /** Takes down the state of all stages, to be written at the next `seal`. */
  readonly take: () => void
  /** Between two steps: writes what was taken, with where the data and `metrics.jsonl` stand now. */
  readonly seal: () => void
  /** Writes what is left and closes the files. */
  readonly close: () => Promise<void>
}

export interface RecorderOptions {
  readonly folder: string
  readonly planHash: string
  readonly engine: string
  readonly resumed: RunCheckpoint | undefined
  readonly emit: (event: RunEvent) => void
  /** Told when a checkpoint can't be written. */
  readonly failed: (thrown: unknown) => void
}

const beginning = { position: { epoch: 0, batch: 0 }, stages: {} }

/** Opens the books, where an interrupted run left them or anew. */
export const openRecorder = ({ folder, planHash, engine, resumed, emit, failed }: RecorderOptions): Recorder => {
  const tally = makeTally(resumed?.tally, () => performance.now() / 1000)
  const registry = makeStateRegistry(resumed?.state ?? beginning)
  let replayed = 0
  const replay = (step: TrainingMetrics): void => {
    replayed = step.step
    tally.step(step)
  }
  const metrics = openMetricsFile(join(folder, runFiles.metrics), resumed?.metricsLength ?? 0, replay)
  const file = join(folder, runFiles.checkpoint)
  const writer = newestWriter<RunCheckpoint>(async (checkpoint) => {
    const bytes = await valueOf(async () => encodeCheckpoint(checkpoint, file))
    await valueOf(writeWhole(file, bytes, 'checkpoint'))
    emit({ type: 'checkpoint', file: runFiles.checkpoint })
  }, failed)
  let taken: RunCheckpoint['state']['stages'] | undefined
  let closed = false

  return {
    registry,
    tally,
    step: (step) => {
      // A resumed stage that has nothing left to train passes its last step on once more.
      if (step.step <= replayed) return false
      tally.step(step)
      metrics.add(step)
      return true
    },
    take: () => {
      taken = registry.take()
    },
    seal: () => {
      if (!taken || closed) return
      const stages = taken
      taken = undefined
      metrics.flush()
      const state = { stages, position: registry.position() }
      writer.write({ state, planHash, engine, metricsLength: metrics.length(), tally: tally.state() })
    },
    close: async () => {
      await writer.idle()
      if (closed) return
      closed = true
      try {
        metrics.flush()
      } finally {
        metrics.close()
      }
    },
  }
}
