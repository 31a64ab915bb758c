import { join } from 'node:path'
import type { Position } from '../../dsl/context.js'
import { LoggedEvent, type RunEvent } from '../../dsl/events.js'
import type { Accuracies } from '../../dsl/figures.js'
import type { CheckpointOptions } from '../../dsl/pipeline/run.js'
import { TrainingMetrics } from '../../dsl/step.js'
import type { RunCheckpoint } from '../checkpoints/checkpointFile.js'
import { writeBest, writeCheckpoint } from '../checkpoints/checkpointFolder.js'
import { checkpointSchedule } from '../checkpoints/checkpointSchedule.js'
import { runFiles } from '../folder/folderNames.js'
import { openLinesFile } from '../folder/linesFile.js'
import { newestWriter } from './concurrency.js'
import { makeStateRegistry, type StateRegistry } from './stateRegistry.js'
import { makeTally, type Tally } from './tally.js'

/** Records one run: figures, `metrics.jsonl`, `events.jsonl`, the stages' state and the checkpoints. */
export interface Recorder {
  readonly registry: StateRegistry
  readonly tally: Tally
  /** Records an event: for the figures, for the best evaluation and for `events.jsonl`. */
  readonly event: (event: RunEvent) => void
  /**
   * Records a step that has passed all stages, and writes a checkpoint if one is due. `next` is the position after the
   * step's minibatch. Returns false for a step that an earlier part of the run has recorded already.
   */
  readonly step: (metrics: TrainingMetrics, next: Position) => boolean
  /** To be called between two steps: no step is under way, and a new minibatch is about to be lent. */
  readonly rest: () => void
  /** Writes a checkpoint, unless a step is still under way: then the last checkpoint stays the newest. */
  readonly save: () => void
  /** Waits for checkpoints, writes the remaining lines and closes the files. @throws WriteError */
  readonly close: () => Promise<void>
}

/** The facts of a run that its recorder needs. */
export interface RecorderOptions {
  readonly folder: string
  readonly planHash: string
  readonly engine: string
  readonly resumed: RunCheckpoint | undefined
  readonly checkpoints: CheckpointOptions
  readonly emit: (event: RunEvent) => void
  /** Called if a checkpoint can't be written. */
  readonly failed: (thrown: unknown) => void
}

/**
 * Whether an event is worth keeping: of an evaluation's progress only the beginning of an attack, and no checkpoints.
 */
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

const seconds = (): number => performance.now() / 1000

/**
 * Opens the files of a run: new ones, or those of the interrupted run that it resumes.
 *
 * @throws OptionError for a wrong number of checkpoints; FileError for damaged files; WriteError
 */
export const openRecorder = (options: RecorderOptions): Recorder => {
  const { folder, planHash, engine, resumed, emit, failed } = options
  const { keep = 2 } = options.checkpoints
  const schedule = checkpointSchedule(options.checkpoints, seconds)
  // Checkpoints of pwoa 0.1.0 name only the engine that wrote them.
  const tally = makeTally(resumed && { engines: [resumed.engine], ...resumed.tally }, engine, seconds)
  const registry = makeStateRegistry(resumed?.state ?? beginning)
  let done = 0
  const metrics = openLinesFile({
    codec: TrainingMetrics,
    name: 'metrics',
    file: join(folder, runFiles.metrics),
    keep: resumed?.metrics,
    replay: (step) => {
      done = step.step
      tally.replayed(step)
    },
  })
  const log = openLinesFile({
    codec: LoggedEvent,
    name: 'events',
    file: join(folder, runFiles.events),
    keep: resumed?.events,
  })
  const target = { folder, keep, took: schedule.took }
  const newest = newestWriter<RunCheckpoint>(async (checkpoint) => {
    await Promise.all([metrics.sync(), log.sync()])
    emit({ type: 'checkpoint', file: await writeCheckpoint(checkpoint, target), spentSeconds: schedule.spent() })
  }, failed)
  const fittest = newestWriter<RunCheckpoint>((checkpoint) => writeBest(checkpoint, target), failed)
  const isLasting = lasting()
  let resting = registry.position()
  let best = resumed?.best
  let evaluated: number | undefined
  let trained = false
  let closed = false

  const atRest = (): boolean => samePosition(resting, registry.position())

  const checkpoint = (): RunCheckpoint | undefined => {
    const began = seconds()
    const stages = takenOrGone()
    if (!stages) return undefined
    metrics.flush()
    log.flush()
    const state = { stages, position: registry.position() }
    const files = { metrics: metrics.extent(), events: log.extent() }
    schedule.took(seconds() - began)
    return { state, planHash, engine, step: done, best, ...files, tally: tally.state() }
  }

  /**
   * Undefined if a stage has freed its state after its last step: a resumed run then starts from the checkpoint before.
   */
  const takenOrGone = (): RunCheckpoint['state']['stages'] | undefined => {
    try {
      return registry.take()
    } catch (thrown) {
      if (trained) return undefined
      throw thrown
    }
  }

  return {
    registry,
    tally,
    event: (event) => {
      tally.event(event)
      if (!closed && isLasting(event)) log.add({ at: Date.now() / 1000, step: done, event })
      if (event.type === 'evaluation' && event.subject === 'epoch') evaluated = figureOf(event.accuracies)
    },
    step: (step, next) => {
      // A resumed stage with nothing left to train emits its last step once more.
      if (step.step <= done) {
        trained = step.step === step.steps
        return false
      }
      done = step.step
      tally.step(step)
      metrics.add(step)
      trained = step.step === step.steps
      resting = next
      const better = evaluated !== undefined && evaluated > (best ?? -1)
      if (better) best = evaluated
      evaluated = undefined
      if (!atRest() || !(better || schedule.due(step))) return true
      const taken = checkpoint()
      if (taken) newest.write(taken)
      if (taken && better) fittest.write(taken)
      return true
    },
    rest: () => {
      resting = registry.position()
    },
    save: () => {
      const taken = closed || !atRest() ? undefined : checkpoint()
      if (taken) newest.write(taken)
    },
    close: async () => {
      await Promise.all([newest.idle(), fittest.idle()])
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

const samePosition = (a: Position, b: Position): boolean => a.epoch === b.epoch && a.batch === b.batch

/** The figure that evaluations are compared by: the accuracy under the strongest attack. */
const figureOf = ({ clean, attacks }: Accuracies): number => Math.min(clean, ...Object.values(attacks))
