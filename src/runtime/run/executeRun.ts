import { resolve } from 'node:path'
import type { Dataset } from '../../dsl/dataset.js'
import { errorOf, PwoaFailure, rejectOption, valueOf } from '../../dsl/errors.js'
import { given } from '../../dsl/kit/given.js'
import type { RunOptions, Summary } from '../../dsl/pipeline/run.js'
import type { Trial } from '../../dsl/trial.js'
import { engineLabel } from '../../engine/load/loadEngine.js'
import type { RunCheckpoint } from '../checkpoints/checkpointFile.js'
import { movedRun } from '../checkpoints/otherDevice.js'
import { type Plan, planOf } from '../folder/plan.js'
import { isOfOtherVersion } from '../folder/planFile.js'
import { createRunFolder, type Lost, type Reopened, reopenRunFolder } from '../folder/runFolder.js'
import { environment } from '../host/environment.js'
import { explainMemory } from '../host/outOfMemory.js'
import { writeSummary } from '../records/writeReport.js'
import { TRIAL } from '../trial/trialOf.js'
import type { ActiveRun } from './activeRun.js'
import { eventLoopTurn } from './concurrency.js'
import { interrupted } from './interrupted.js'
import { lookAhead } from './lookAhead.js'
import { openProfile } from './profile.js'
import { openRecorder, type Recorder } from './recorder.js'
import { runContext } from './runContext.js'
import { runLoop } from './runLoop.js'

/**
 * Executes a run and returns its summary.
 *
 * @throws PwoaFailure, or any other exception that ends the run early
 */
export const executeRun = async (active: ActiveRun): Promise<Summary> => {
  const plan = planOf(active.pipeline, seedOf(active.options))
  const { lock, read } = await openFolder(active, plan, active.failure.fail)
  try {
    for (const message of read?.warnings ?? []) active.emit({ type: 'warning', stage: 'resume', message })
    warnOfOtherVersion(active)
    return await executeIn(active, plan, read?.checkpoint)
  } finally {
    lock.release()
  }
}

const executeIn = async (active: ActiveRun, plan: Plan, resumed: RunCheckpoint | undefined): Promise<Summary> => {
  const { pipeline, options, dependencies, folder, failure, emit } = active
  const orFailed = <A>(work: Promise<A>): Promise<A> => Promise.race([work, failure.promise])
  emit({ type: 'environment', environment: environment() })
  const { parallel } = await lookAhead(pipeline, options.dataDir)
  stopIfAsked(active)
  const engine = await orFailed(dependencies.loadEngine(options.engine ?? 'auto', parallel))
  const label = engineLabel(engine)
  const moved = resumed && valueOf(movedRun(resumed.engine, label, options))
  emit({ type: 'engine', name: label, description: engine.description })
  stopIfAsked(active)
  const data = await orFailed(openData(active, plan.seed))
  emit({ type: 'data', name: data.name, origin: data.origin, train: data.train.count, test: data.test.count })
  if (data.trial) emit({ type: 'warning', stage: TRIAL, message: whatTrialsAre(data.trial) })
  for (const { checkData } of pipeline.plan) checkData?.(data)

  const recorder = openRecorder({
    folder,
    planHash: plan.hash,
    engine: label,
    resumed,
    checkpoints: options.checkpoints ?? {},
    emit,
    failed: failure.fail,
  })
  active.listen((event) => failure.guard(() => recorder.event(event)))
  if (moved !== undefined) emit({ type: 'warning', stage: 'resume', message: moved })
  const profile = options.profile === 'steps' ? openProfile(folder, () => performance.now()) : undefined
  try {
    await train(active, recorder, data, plan.seed)
  } catch (thrown) {
    const facts = { batchSize: pipeline.source.batchSize, total: engine.memory }
    const error = errorOf(pipeline.name, thrown)
    const explained = explainMemory(error, facts)
    throw explained === error ? thrown : new PwoaFailure(explained)
  } finally {
    await profile?.close()
  }
  stopIfAsked(active)
  const summary: Summary = {
    pipeline: pipeline.name,
    params: pipeline.params,
    seed: plan.seed,
    data: { name: data.name, origin: data.origin },
    ...(data.trial ? { trial: 'quick' as const } : {}),
    ...recorder.tally.figures(),
    ...given({ profile: profile?.seconds() }),
  }
  await writeSummary(folder, summary)
  return summary
}

const whatTrialsAre = ({ steps, examples }: Trial): string =>
  `${steps} minibatches a phase, ${examples} test images, short attacks: no figure is a result`

const seedOf = ({ seed = 0 }: RunOptions): number =>
  Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32
    ? seed
    : rejectOption('seed', 'a whole number from 0 to 4294967295', seed)

const openFolder = async ({ options, folder }: ActiveRun, plan: Plan, lost: Lost): Promise<Reopened> => {
  if (options.resume === undefined) return { lock: await createRunFolder(folder, plan, lost), read: undefined }
  if (options.out !== undefined) rejectOption('out', 'nothing beside the option resume', options.out)
  return reopenRunFolder(folder, plan, lost)
}

const stopIfAsked = ({ signal, pipeline, folder }: ActiveRun): void => {
  if (signal.aborted) throw new PwoaFailure(interrupted(pipeline.name, folder))
}

const openData = async (active: ActiveRun, seed: number): Promise<Dataset> => {
  const { dataDir } = active.options
  const result = await active.pipeline.source.open({
    dataDir: dataDir === undefined ? undefined : resolve(dataDir),
    seed,
    signal: active.signal,
  })()
  // If the run was stopped, an error of the source is not a failure.
  stopIfAsked(active)
  return valueOf(result)
}

const warnOfOtherVersion = ({ emit, options, pipeline, folder }: ActiveRun): void => {
  if (options.resume === undefined || !isOfOtherVersion(folder, pipeline)) return
  const message =
    'begun by another version of the pipeline file: to start again with this one, name a new folder by the option out'
  emit({ type: 'warning', stage: 'resume', message })
}

const train = async (active: ActiveRun, recorder: Recorder, data: Dataset, seed: number): Promise<void> => {
  const releases: (() => void)[] = []
  let over = false
  const context = runContext(active, recorder, {
    seed,
    data,
    // A stage that is still reading its file when the run ends registers its tensors later.
    atEnd: (release) => (over ? releaseOrWarn(active, release) : void releases.push(release)),
  })
  try {
    await runLoop(active, context, recorder)
    await recorder.close()
    active.failure.check()
  } catch (thrown) {
    // The first error is the one to report, even if a full disk prevents closing the files as well.
    await recorder.close().catch(() => undefined)
    throw thrown
  } finally {
    over = true
    for (const release of releases.reverse()) releaseOrWarn(active, release)
    await eventLoopTurn()
  }
}

const releaseOrWarn = ({ pipeline, emit }: ActiveRun, release: () => void): void => {
  try {
    release()
  } catch (thrown) {
    const message = `freeing at the end failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    emit({ type: 'warning', stage: pipeline.name, message })
  }
}
