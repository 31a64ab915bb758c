import { availableParallelism } from 'node:os'
import { toPwoaError } from '../../dsl/errors.js'
import { type Runnable, runsOf } from '../../runtime/file/definePipeline.js'
import { withSourcePosition } from '../../runtime/host/sourcePositions.js'
import { lookAtAll } from '../../runtime/run/lookAhead.js'
import type { Outcome } from '../arguments/outcome.js'
import { drawFound, drawPlan, planAsJson } from '../draw/drawPlan.js'
import { colorsFor, lineWidth } from '../draw/terminal.js'
import { interruptible } from '../show/onInterrupt.js'
import { openScreen } from '../show/screen.js'
import type { Invocation } from './invocation.js'

/**
 * The plan, and what a run would find in the files that it reads; if it is to be measured, also what it would take. Or the
 * error with which the run would end.
 */
export const planFile = async (made: Runnable, invocation: Invocation): Promise<Outcome> => {
  const { output, options } = invocation
  const colors = colorsFor(process.stdout)
  const plan = output === 'table' ? drawPlan(made, colors) : jsonLine(planAsJson(made, options.seed ?? 0))
  try {
    const found = await lookAtAll(runsOf(made), options.dataDir)
    if (!invocation.measure) return { text: output === 'table' ? `${plan}${drawFound(found, colors)}` : plan, code: 0 }
    const cost = await measured(made, invocation)
    if (output === 'json') return { text: jsonLine({ ...planAsJson(made, options.seed ?? 0), cost }), code: 0 }
    const { drawCosts } = await import('../draw/drawCosts.js')
    const page = { colors, width: lineWidth(process.stdout), cores: availableParallelism() }
    const costs = drawCosts(cost, { ...page, workers: invocation.workers ?? 1 })
    return { text: `${plan}${drawFound(found, colors)}${costs}`, code: 0 }
  } catch (thrown) {
    return { text: plan, error: withSourcePosition(toPwoaError(made.name, thrown)) }
  }
}

const measured = async (made: Runnable, { options, volume }: Invocation) => {
  const { measureFile } = await import('../../runtime/measure/measureFile.js')
  const screen = await openScreen(process.stderr, volume)
  const { dataDir, engine, seed } = options
  try {
    return await interruptible((signal) =>
      measureFile(made, { dataDir, engine, seed, signal }, (label, index, count) =>
        screen.line(`measuring ${label}${count === 1 ? '' : ` (${index + 1}/${count})`}`),
      ),
    )
  } finally {
    screen.end()
  }
}

const jsonLine = (value: object): string => `${JSON.stringify(value)}\n`
