import { join } from 'node:path'
import type { RunEvent } from '../dsl/events.js'
import type { LoggedEvent } from '../dsl/record.js'
import type { TrainingMetrics } from '../dsl/step.js'
import { writeWhole } from '../io/writeWhole.js'
import { encodeCheckpoint, type RunCheckpoint } from './checkpointFile.js'
import { openLinesFile } from './linesFile.js'
import { newestWriter } from './newestWriter.js'
import { runFiles } from './runFolder.js'
import { makeStateRegistry, type StateRegistry } from './stateRegistry.js'
import { makeTally, type Tally } from './tally.js'
import { valueOf } from './valueOf.js'

/** Keeps the books of one run: figures, `metrics.jsonl`, `events.jsonl`, the stages' state and the checkpoints. */
export interface Recorder {
  readonly registry: StateRegistry
  readonly tally: Tally
  /** Books a step; false for one that an earlier part of the run has booked already. */
  readonly step: (metrics: TrainingMetrics) => boolean
  /** Books an event. */
  readonly event: (event: RunEvent) => void
  /** Takes down the state of all stages, to be written at the next `seal`. */
  readonly take: () => void
  /** Between two steps: writes what was taken, with where the data and the lines' files stand now. */
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

/** Whether an event is of use later: of an evaluation's progress only that an attack begins, of checkpoints nothing. */
const lasting = (): ((event: RunEvent) => boolean) => {
  let attack = ''
  return (event) => {
    if (event.type === 'checkpoint') return false
    if (event.type !== 'evaluating') return true
    const now = JSON.stringify([event.subject, event.attack, event.stage])
    const begins = now !== attack
    attack = now
    return begins
  }
}

const beginning = { position: { epoch: 0, batch: 0 }, stages: {} }

/** Opens the books, where an interrupted run left them or anew. */
export const openRecorder = ({ folder, planHash, engine, resumed, emit, failed }: RecorderOptions): Recorder => {
  const tally = makeTally(resumed?.tally, () => performance.now() / 1000)
  const registry = makeStateRegistry(resumed?.state ?? beginning)
  let done = 0
  const book = (step: TrainingMetrics): void => {
    done = step.step
    tally.step(step)
  }
  const metrics = openLinesFile('metrics', join(folder, runFiles.metrics), resumed?.metricsLength ?? 0, book)
  const log = openLinesFile<LoggedEvent>('events', join(folder, runFiles.events), resumed?.eventsLength ?? 0)
  const file = join(folder, runFiles.checkpoint)
  const writer = newestWriter<RunCheckpoint>(async (checkpoint) => {
    const bytes = await valueOf(async () => encodeCheckpoint(checkpoint, file))
    await valueOf(writeWhole(file, bytes, 'checkpoint'))
    emit({ type: 'checkpoint', file: runFiles.checkpoint })
  }, failed)
  const isLasting = lasting()
  let taken: RunCheckpoint['state']['stages'] | undefined
  let closed = false

  return {
    registry,
    tally,
    step: (step) => {
      // A resumed stage that has nothing left to train passes its last step on once more.
      if (step.step <= done) return false
      book(step)
      metrics.add(step)
      return true
    },
    event: (event) => {
      tally.event(event)
      if (closed || !isLasting(event)) return
      log.add({ at: Date.now() / 1000, step: done, event })
    },
    take: () => {
      taken = registry.take()
    },
    seal: () => {
      if (!taken || closed) return
      const stages = taken
      taken = undefined
      metrics.flush()
      log.flush()
      const state = { stages, position: registry.position() }
      const lengths = { metricsLength: metrics.length(), eventsLength: log.length() }
      writer.write({ state, planHash, engine, ...lengths, tally: tally.state() })
    },
    close: async () => {
      await writer.idle()
      if (closed) return
      closed = true
      try {
        metrics.flush()
        log.flush()
      } finally {
        metrics.close()
        log.close()
      }
    },
  }
}
