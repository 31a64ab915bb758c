import { isLeft } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../../dsl/errors.js'
import type { Summary } from '../../dsl/pipeline/run.js'
import { namesIn } from '../../io/files/folders.js'
import type { ComparisonSummary } from '../../runtime/comparison/comparison.js'
import type { Runnable } from '../../runtime/file/definePipeline.js'
import { loadPipelineFile } from '../../runtime/file/loadPipelineFile.js'
import { makeFromFile } from '../../runtime/file/makeFromFile.js'
import { trialOfFile } from '../../runtime/file/trialOfFile.js'
import { withSourcePosition } from '../../runtime/host/sourcePositions.js'
import type { Sweep, SweepSummary } from '../../runtime/sweep/sweepTypes.js'
import { exitCodes, type Outcome } from '../arguments/outcome.js'
import { drawFileHelp } from '../draw/drawFileHelp.js'
import { drawResult } from '../draw/drawResult.js'
import { colorsFor, lineWidth, windowSize } from '../draw/terminal.js'
import { onInterrupt } from '../show/onInterrupt.js'
import { openScreen, type Screen } from '../show/screen.js'
import { showComparison } from '../show/showComparison.js'
import type { RunPage } from '../show/showPage.js'
import { showProgress } from '../show/showProgress.js'
import type { Invocation } from './invocation.js'
import { haveLastWords } from './lastWords.js'
import { planFile } from './planFile.js'
import { withResumeHint } from './resumeHint.js'
import { startPoints } from './startPoints.js'

/** Runs a pipeline file, or prints its plan. */
export const runFile = async (invocation: Invocation): Promise<Outcome> => {
  const loaded = await loadPipelineFile(invocation.file)
  if (isLeft(loaded)) return { error: loaded.left }
  const made = makeFromFile(loaded.right, invocation.values)
  if (isLeft(made)) return { error: made.left }
  const misplaced = notForThis(made.right, invocation)
  if (misplaced) return { error: misplaced }
  const wanted = invocation.options.trial === undefined ? made.right : trialOfFile(made.right)
  return invocation.plan ? planFile(wanted, invocation) : run(wanted, invocation)
}

/** The parameters of a pipeline file, for `pwoa-run FILE --help`. */
export const helpOfFile = async ({ file, named }: Pick<Invocation, 'file' | 'named'>): Promise<Outcome> => {
  const loaded = await loadPipelineFile(file)
  if (isLeft(loaded)) return { error: loaded.left }
  return { text: drawFileHelp(named, loaded.right, colorsFor(process.stdout)), code: 0 }
}

/** The options of sweeps only: the names of their values, and how they are written. */
const sweepOptions = [
  ['workers', '--workers'],
  ['gpus', '--gpus'],
  ['attempts', '--attempts'],
  ['pointTimeout', '--point-timeout'],
  ['progressTimeout', '--progress-timeout'],
  ['queue', '--queue'],
  ['pipelines', '--pipelines'],
  ['runs', '--runs'],
  ['priority', '--priority'],
] as const

/** The error of an option that this kind of file can't use. */
const notForThis = (made: Runnable, invocation: Invocation): PwoaError | undefined => {
  const { kind } = made
  if (invocation.measure && !invocation.plan) return withoutPlan
  if (kind === 'sweep') return unusedSeed(made, invocation)
  const [, option] = sweepOptions.find(([name]) => invocation[name] !== undefined) ?? []
  if (option === undefined) return undefined
  return { _tag: 'UsageError', stage: option, expected: 'a file with a sweep(…)', actual: `a ${kind}` }
}

const withoutPlan: PwoaError = {
  _tag: 'UsageError',
  stage: '--measure',
  expected: '--plan beside it: it measures what a run would take, in place of the run',
  actual: 'a run',
}

/** The error of a seed that would change nothing, because every point of the sweep has its own. */
const unusedSeed = ({ points }: Sweep, { options: { seed } }: Invocation): PwoaError | undefined => {
  if (seed === undefined || points.some((point) => point.seed === undefined)) return undefined
  return {
    _tag: 'UsageError',
    stage: '--seed',
    expected: 'no seed, because each point of the sweep has its own',
    actual: String(seed),
  }
}

const run = async (made: Runnable, invocation: Invocation): Promise<Outcome> => {
  const screen = await openScreen(process.stderr, invocation.volume)
  const page = await openRunPage(made, invocation)
  const { folder, stop, result } = await start(made, invocation, screen, page)
  const endOfWords = haveLastWords(made.name, folder, invocation)
  const release = onInterrupt(() => {
    screen.line('stopping: saving the state; interrupt again to quit at once')
    stop()
  })
  const ended = await result
  release()
  endOfWords()
  await page?.close()
  screen.end()
  if (isLeft(ended)) return { error: withResumeHint(withSourcePosition(ended.left), folder, invocation) }
  if (invocation.output === 'json') return { text: `${JSON.stringify(ended.right)}\n`, code: exitCodeOf(ended.right) }
  const text = drawResult(ended.right, {
    colors: colorsFor(process.stdout),
    width: lineWidth(process.stdout),
    folder,
    files: namesIn(folder),
    study: made.kind === 'sweep' && process.stdout.isTTY ? made.study : undefined,
  })
  return { text, code: exitCodeOf(ended.right) }
}

/** A sweep with a failed point has failed, even if all others are done, or stopped by a search. */
const exitCodeOf = (summary: Summary | ComparisonSummary | SweepSummary): number =>
  'points' in summary && summary.points.some(({ state }) => state !== 'done' && state !== 'stopped')
    ? exitCodes.RunError
    : 0

/** Opens the page that `--ui` asks for. Its server is loaded only then. */
const openRunPage = async ({ name }: Runnable, { page, options }: Invocation): Promise<RunPage | undefined> => {
  if (!page) return undefined
  const { showPage } = await import('../show/showPage.js')
  return showPage(name, page, options)
}

/** Starts what the file describes, and shows its progress on the screen and on the page. */
const start = async (made: Runnable, invocation: Invocation, screen: Screen, page: RunPage | undefined) => {
  const { options } = invocation
  const colors = colorsFor(process.stderr)
  if (made.kind === 'pipeline') {
    const handle = made.run(options)
    showProgress(handle, screen, colors)
    page?.follow({ made, handle })
    return handle
  }
  if (made.kind === 'sweep') {
    const handle = await startPoints(made, invocation, screen, colors)
    page?.follow({ made, handle })
    return handle
  }
  const handle = made.run(options)
  page?.follow({ made, handle })
  showComparison(handle, screen, colors, () => windowSize(process.stderr))
  return handle
}
