import { EMPTY, type OperatorFunction } from 'rxjs'
import type { DataSource } from '../dataset.js'
import { rejectOption } from '../errors.js'
import { CalledAt } from '../kit/calledAt.js'
import { isStage, type StageInfo } from '../op.js'
import type { Step } from '../step.js'
import { applied, guarded, PLAIN, type PlacedOperator } from './guarded.js'
import type { Observer, Pipe, Pipeline, PlacedObserver } from './pipeline.js'
import { checkRunOptions, type RunHandle, type RunOptions } from './run.js'

type AnyOperator = OperatorFunction<Step, Step>
type Runner = (pipeline: Pipeline<Step>, options: RunOptions) => RunHandle

/** The fields that the source itself puts on a step. */
const sourceFields = ['run', 'minibatch']

/**
 * A pipeline without stages. `run` calls `runner`: the language does not import the runtime, which passes itself in.
 */
export const makePipeline = (
  name: string,
  source: DataSource,
  runner: Runner,
  params: Readonly<Record<string, unknown>> = {},
): Pipeline<Step> => extend({ name, source, runner, params }, [], [])

interface Fixed {
  readonly name: string
  readonly source: DataSource
  readonly runner: Runner
  readonly params: Readonly<Record<string, unknown>>
}

const extend = (
  fixed: Fixed,
  operators: readonly PlacedOperator[],
  observers: readonly PlacedObserver[],
): Pipeline<Step> => {
  const plan = operators.map(({ info }) => info)
  checkOrder(plan)
  const pipe = (...more: AnyOperator[]): Pipeline<Step> => {
    const at = new CalledAt(pipe)
    return extend(
      fixed,
      more.reduce<readonly PlacedOperator[]>((all, operator) => [...all, placed(operator, all, at)], operators),
      observers,
    )
  }
  const observe = (observer: Observer): Pipeline<Step> =>
    extend(fixed, operators, [...observers, { observer, at: new CalledAt(observe) }])
  const self: Pipeline<Step> = {
    kind: 'pipeline',
    name: fixed.name,
    source: fixed.source,
    params: fixed.params,
    plan,
    observers,
    apply: guarded(operators),
    // The overloads give each operator its type; here all have the same type.
    pipe: pipe as Pipe<Step>,
    observe,
    withParams: (params) => extend({ ...fixed, params }, operators, observers),
    over: (source, name = fixed.name) => extend({ ...fixed, source, name }, operators, observers),
    run: (options = {}) => fixed.runner(self, checkRunOptions(options)),
  }
  return self
}

/** An operator after those that a pipeline has. */
const placed = (operator: AnyOperator, earlier: readonly PlacedOperator[], at: CalledAt): PlacedOperator => {
  const number = earlier.length + 1
  const info = infoOf(operator, number)
  const before = earlier.at(-1)
  return {
    operator,
    info,
    number,
    fields: [...(before?.fields ?? []), ...info.adds],
    trainers: [...(before?.trainers ?? []), ...(info.adds.includes('training') ? [info] : [])],
    at,
  }
}

/** A plain operator is applied to an empty stream, so that anything that is not an operator is refused at once. */
const infoOf = (operator: AnyOperator, number: number): StageInfo => {
  if (isStage(operator)) return operator.info
  applied(EMPTY, { operator, number })
  return { stage: PLAIN, config: {}, needs: [], adds: [] }
}

/** Checks what the types check, for pipelines that were not type-checked, and that single stages are not repeated. */
const checkOrder = (plan: readonly StageInfo[]): void => {
  const present = new Set(sourceFields)
  const passed = new Set<string>()
  for (const { stage, needs, adds, once } of plan) {
    if (once !== undefined && passed.has(stage)) rejectOption(stage, once, 'a second one')
    passed.add(stage)
    const missing = needs.find((field) => !present.has(field))
    if (missing) rejectOption(stage, `an earlier stage that adds "${missing}"`, 'none')
    for (const field of adds) present.add(field)
  }
}
