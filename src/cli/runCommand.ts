import { isLeft } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../dsl/errors.js'
import type { Summary } from '../dsl/run.js'
import type { ComparisonSummary } from '../runtime/comparison/comparison.js'
import type { Runnable } from '../runtime/file/definePipeline.js'
import { loadPipelineFile } from '../runtime/file/loadPipelineFile.js'
import { makeFromFile } from '../runtime/file/makeFromFile.js'
import { withSourcePosition } from '../runtime/file/sourcePositions.js'
import { namesIn } from '../runtime/records/folderRuns.js'
import type { Sweep, SweepSummary } from '../runtime/sweep/sweepTypes.js'
import { colorsFor } from './colors.js'
import { drawFileHelp } from './drawFileHelp.js'
import { drawPlan, planAsJson } from './drawPlan.js'
import { drawResult } from './drawResult.js'
import { exitCodes } from './exitCodes.js'
import type { Invocation } from './invocation.js'
import { onInterrupt } from './onInterrupt.js'
import { openScreen, type Screen } from './screen.js'
import type { RunPage } from './showPage.js'
import { showProgress } from './showProgress.js'
import { startPoints } from './startPoints.js'
import { widthOf } from './widthOf.js'
import { withResumeWords } from './withResumeWords.js'

/** What a command ends with: text for stdout, or an error. */
export type Outcome = { readonly text: string; readonly code: number } | { readonly error: PwoaError }

/** Does what `pwoa-run FILE …` asks for. */
export const runCommand = async (invocation: Invocation): Promise<Outcome> => {
  const { file, task } = invocation
  const loaded = await loadPipelineFile(file)
  if (isLeft(loaded)) return { error: loaded.left }
  const colors = colorsFor(process.stdout)
  if (task === 'help') return { text: drawFileHelp(file, loaded.right, colors), code: 0 }
  const made = makeFromFile(loaded.right, invocation.values)
  if (isLeft(made)) return { error: made.left }
  const misplaced = notForThis(made.right, invocation)
  if (misplaced) return { error: misplaced }
  if (task === 'run') return run(made.right, invocation)
  if (invocation.output === 'table') return { text: drawPlan(made.right, colors), code: 0 }
  return { text: `${JSON.stringify(planAsJson(made.right, invocation.options.seed ?? 0))}\n`, code: 0 }
}

const sweepOptions = ['workers', 'attempts', 'queue', 'pipelines'] as const

const notForThis = (made: Runnable, invocation: Invocation): PwoaError | undefined => {
  const { kind } = made
  if (kind === 'sweep') return seedForNobody(made, invocation)
  const option = sweepOptions.find((name) => invocation[name] !== undefined)
  if (option === undefined) return undefined
  return { _tag: 'UsageError', stage: `--${option}`, expected: 'a file with a sweep(…)', actual: `a ${kind}` }
}

/** A seed that every point of the sweep has its own for would change nothing. */
const seedForNobody = ({ points }: Sweep, { options: { seed } }: Invocation): PwoaError | undefined => {
  if (seed === undefined || points.some((point) => point.seed === undefined)) return undefined
  return {
    _tag: 'UsageError',
    stage: '--seed',
    expected: 'no seed beside those of the sweep: each of its points has its own',
    actual: String(seed),
  }
}

const run = async (made: Runnable, invocation: Invocation): Promise<Outcome> => {
  const screen = await openScreen(process.stderr, invocation.volume)
  const watched = await pageFor(made, invocation)
  const { folder, stop, result } = await start(made, invocation, screen, watched)
  const release = onInterrupt(() => {
    screen.line('stopping: saving the state; interrupt again to quit at once')
    stop()
  })
  const ended = await result
  release()
  await watched?.close()
  screen.end()
  if (isLeft(ended)) return { error: withResumeWords(withSourcePosition(ended.left), folder, invocation) }
  const study = made.kind === 'sweep' && process.stdout.isTTY ? made.study : undefined
  const page = {
    colors: colorsFor(process.stdout),
    width: widthOf(process.stdout),
    folder,
    files: namesIn(folder),
    study,
  }
  const text = invocation.output === 'json' ? `${JSON.stringify(ended.right)}\n` : drawResult(ended.right, page)
  return { text, code: codeOf(ended.right) }
}

/** A sweep with a point that failed is no success, though all others are done. */
const codeOf = (summary: Summary | ComparisonSummary | SweepSummary): number =>
  'points' in summary && summary.points.some(({ state }) => state !== 'done') ? exitCodes.RunError : 0

/** The page's server is loaded where somebody wants to look. */
const pageFor = async ({ name }: Runnable, invocation: Invocation): Promise<RunPage | undefined> => {
  if (!invocation.page) return undefined
  const { showPage } = await import('./showPage.js')
  return showPage(name, invocation)
}

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
  const told = new Set<string>()
  handle.runs$.subscribe(({ label, index, count, run: row }) => {
    screen.line(`${index === 0 ? '' : '\n'}${colors.bold(`${index + 1}/${count} ${label}`)}`)
    showProgress(row, screen, colors, told)
  })
  return handle
}
