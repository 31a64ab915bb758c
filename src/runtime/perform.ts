import { join, resolve } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { Dataset } from '../dsl/dataset.js'
import { PwoaFailure, rejectOption } from '../dsl/errors.js'
import type { RunOptions, Summary } from '../dsl/run.js'
import { writeWhole } from '../io/writeWhole.js'
import type { RunCheckpoint } from './checkpointFile.js'
import { consume } from './consume.js'
import { environment } from './environment.js'
import { type FirstFailure, firstFailure } from './firstFailure.js'
import { interrupted } from './interrupted.js'
import type { Live } from './live.js'
import { type Plan, planOf } from './plan.js'
import { openProfile } from './profile.js'
import { openRecorder, type Recorder } from './recorder.js'
import { runContext } from './runContext.js'
import { createRunFolder, isOfOtherVersion, type Lost, type Reopened, reopenRunFolder, runFiles } from './runFolder.js'
import { turn } from './turn.js'
import { valueOf } from './valueOf.js'
import { writeReport } from './writeReport.js'

/** A run from its options to its summary. Throws what ends it early. */
export const perform = async (live: Live): Promise<Summary> => {
  const plan = planOf(live.pipeline, seedOf(live.options))
  const failure = firstFailure()
  const { lock, read } = await openFolder(live, plan, failure.fail)
  try {
    for (const message of read?.warnings ?? []) live.emit({ type: 'warning', stage: '--resume', message })
    warnOfOtherVersion(live)
    return await performIn(live, plan, read?.checkpoint, failure)
  } finally {
    lock.release()
  }
}

const performIn = async (
  live: Live,
  plan: Plan,
  resumed: RunCheckpoint | undefined,
  failure: FirstFailure,
): Promise<Summary> => {
  const { pipeline, options, machinery, folder, emit } = live
  emit({ type: 'environment', environment: environment() })
  stopIfAsked(live)
  const whole = pipeline.plan.some(({ parallel }) => parallel === 'operations')
  const engine = await machinery.loadEngine(options.engine ?? 'auto', whole ? 'operations' : 'parts')
  emit({ type: 'engine', name: engine.name, description: engine.description })
  stopIfAsked(live)
  const data = await openData(live, plan.seed)
  emit({ type: 'data', name: data.name, origin: data.origin, train: data.train.count, test: data.test.count })
  for (const { checkData } of pipeline.plan) checkData?.(data)

  const recorder = openRecorder({
    folder,
    planHash: plan.hash,
    engine: engine.name,
    resumed,
    checkpoints: options.checkpoints ?? {},
    emit,
    failed: failure.fail,
  })
  live.listen((event) => failure.guard(() => recorder.event(event)))
  warnOfOtherEngine(live, engine.name, resumed)
  const profile = options.profile === 'steps' ? openProfile(folder, () => performance.now()) : undefined
  try {
    await train(live, recorder, failure, data, plan.seed)
  } finally {
    await profile?.close()
  }
  stopIfAsked(live)
  const summary: Summary = {
    pipeline: pipeline.name,
    params: pipeline.params,
    seed: plan.seed,
    engine: engine.name,
    data: { name: data.name, origin: data.origin },
    ...recorder.tally.figures(),
    ...(profile ? { profile: profile.seconds() } : {}),
  }
  await valueOf(writeWhole(join(folder, runFiles.summary), `${JSON.stringify(summary, null, 2)}\n`, 'summary'))
  await writeReport(folder)
  return summary
}

const seedOf = ({ seed = 0 }: RunOptions): number =>
  Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32
    ? seed
    : rejectOption('--seed', 'a whole number from 0 to 4294967295', seed)

const openFolder = async ({ options, folder }: Live, plan: Plan, lost: Lost): Promise<Reopened> => {
  if (options.resume === undefined) return { lock: await createRunFolder(folder, plan, lost), read: undefined }
  if (options.out !== undefined) rejectOption('--out', 'no --out beside --resume', options.out)
  return reopenRunFolder(folder, plan, lost)
}

const stopIfAsked = ({ signal, pipeline, folder }: Live): void => {
  if (signal.aborted) throw new PwoaFailure(interrupted(pipeline.name, folder))
}

const openData = async (live: Live, seed: number): Promise<Dataset> => {
  const { dataDir } = live.options
  const result = await live.pipeline.source.open({
    dataDir: dataDir === undefined ? undefined : resolve(dataDir),
    seed,
    signal: live.signal,
  })()
  // A source that gives up because the run was stopped has not failed.
  stopIfAsked(live)
  if (E.isLeft(result)) throw new PwoaFailure(result.left)
  return result.right
}

const warnOfOtherVersion = ({ emit, options, pipeline, folder }: Live): void => {
  if (options.resume === undefined || !isOfOtherVersion(folder, pipeline)) return
  const message = 'begun by another version of the pipeline file: to do it anew by this one, take a new --out'
  emit({ type: 'warning', stage: '--resume', message })
}

const warnOfOtherEngine = ({ emit }: Live, engine: string, resumed: RunCheckpoint | undefined): void => {
  if (resumed === undefined || resumed.engine === engine) return
  emit({ type: 'warning', stage: '--resume', message: `begun on ${resumed.engine}: figures may differ a little` })
}

const train = async (
  live: Live,
  recorder: Recorder,
  failure: FirstFailure,
  data: Dataset,
  seed: number,
): Promise<void> => {
  const releases: (() => void)[] = []
  let over = false
  const context = runContext(live, recorder, {
    seed,
    data,
    // A stage that still reads its file when the run is stopped hands over what it made afterwards.
    atEnd: (release) => (over ? releaseOrWarn(live, release) : void releases.push(release)),
  })
  try {
    await consume(live, context, recorder, failure)
    await recorder.close()
    failure.check()
  } catch (thrown) {
    // The first error is the one to tell, also where a full disk does not let the books be closed either.
    await recorder.close().catch(() => undefined)
    throw thrown
  } finally {
    over = true
    for (const release of releases.reverse()) releaseOrWarn(live, release)
    await turn()
  }
}

const releaseOrWarn = ({ pipeline, emit }: Live, release: () => void): void => {
  try {
    release()
  } catch (thrown) {
    const message = `freeing at the end failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`
    emit({ type: 'warning', stage: pipeline.name, message })
  }
}
