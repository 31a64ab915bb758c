import { isLeft } from 'fp-ts/lib/Either.js'
import type { PwoaError } from '../dsl/errors.js'
import type { Pipeline } from '../dsl/pipeline.js'
import type { RunOptions } from '../dsl/run.js'
import type { Step } from '../dsl/step.js'
import type { Comparison } from '../runtime/comparison.js'
import { loadPipelineFile } from '../runtime/loadPipelineFile.js'
import { makeFromFile } from '../runtime/makeFromFile.js'
import { withPlace } from '../runtime/withPlace.js'
import { colorsFor } from './colors.js'
import { drawFileHelp } from './drawFileHelp.js'
import { drawPlan, planAsJson } from './drawPlan.js'
import { drawResult } from './drawResult.js'
import type { Invocation } from './invocation.js'
import { onInterrupt } from './onInterrupt.js'
import { openScreen, type Screen } from './screen.js'
import type { RunPage } from './showPage.js'
import { showProgress } from './showProgress.js'
import { withResumeWords } from './withResumeWords.js'

/** What a command ends with: text for stdout, or an error. */
export type Outcome = { readonly text: string } | { readonly error: PwoaError }

/** Does what `pwoa-run FILE …` asks for. */
export const runCommand = async (invocation: Invocation): Promise<Outcome> => {
  const { file, task } = invocation
  const loaded = await loadPipelineFile(file)
  if (isLeft(loaded)) return { error: loaded.left }
  const colors = colorsFor(process.stdout)
  if (task === 'help') return { text: drawFileHelp(file, loaded.right, colors) }
  const made = makeFromFile(loaded.right, invocation.values)
  if (isLeft(made)) return { error: made.left }
  if (task === 'run') return run(made.right, invocation)
  if (invocation.output === 'table') return { text: drawPlan(made.right, colors) }
  return { text: `${JSON.stringify(planAsJson(made.right, invocation.options.seed ?? 0))}\n` }
}

const run = async (made: Pipeline<Step> | Comparison, invocation: Invocation): Promise<Outcome> => {
  const screen = await openScreen(process.stderr, invocation.volume)
  const watched = await pageFor(made, invocation)
  const { folder, stop, result } = start(made, invocation.options, screen, watched)
  const release = onInterrupt(() => {
    screen.line('stopping: saving the state; interrupt again to quit at once')
    stop()
  })
  const ended = await result
  release()
  await watched?.close()
  screen.end()
  if (isLeft(ended)) return { error: withResumeWords(withPlace(ended.left), folder, invocation) }
  const width = Math.max(60, Math.min(process.stdout.columns ?? 80, 120))
  const page = { colors: colorsFor(process.stdout), width, folder }
  return { text: invocation.output === 'json' ? `${JSON.stringify(ended.right)}\n` : drawResult(ended.right, page) }
}

/** The page's server is loaded where somebody wants to look. */
const pageFor = async ({ name }: Pipeline<Step> | Comparison, invocation: Invocation): Promise<RunPage | undefined> => {
  if (!invocation.page) return undefined
  const { showPage } = await import('./showPage.js')
  return showPage(name, invocation)
}

const start = (made: Pipeline<Step> | Comparison, options: RunOptions, screen: Screen, page: RunPage | undefined) => {
  const colors = colorsFor(process.stderr)
  if (made.kind === 'pipeline') {
    const handle = made.run(options)
    showProgress(handle, screen, colors)
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
