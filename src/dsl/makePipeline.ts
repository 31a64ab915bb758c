import type { OperatorFunction } from 'rxjs'
import type { DataSource } from './dataset.js'
import { rejectOption } from './errors.js'
import { isStage, type StageInfo } from './op.js'
import type { Observer, Pipe, Pipeline } from './pipeline.js'
import type { RunHandle, RunOptions } from './run.js'
import type { Step } from './step.js'

type AnyOperator = OperatorFunction<Step, Step>
type Runner = (pipeline: Pipeline<Step>, options: RunOptions) => RunHandle

/** The fields that the source itself puts on a step. */
const sourceFields = ['run', 'minibatch']

/**
 * A pipeline without stages yet. `runner` is what `run` calls: the language knows no runtime, the runtime
 * hands itself in.
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

const extend = (fixed: Fixed, operators: readonly AnyOperator[], observers: readonly Observer[]): Pipeline<Step> => {
  const plan = operators.map(infoOf)
  checkOrder(plan)
  const self: Pipeline<Step> = {
    kind: 'pipeline',
    name: fixed.name,
    source: fixed.source,
    params: fixed.params,
    plan,
    observers,
    apply: (minibatches) => operators.reduce((stream, operator) => operator(stream), minibatches),
    // The overloads give each operator its type; here they are all alike.
    pipe: ((...more: AnyOperator[]) => extend(fixed, [...operators, ...more], observers)) as Pipe<Step>,
    observe: (observer) => extend(fixed, operators, [...observers, observer]),
    withParams: (params) => extend({ ...fixed, params }, operators, observers),
    run: (options = {}) => fixed.runner(self, options),
  }
  return self
}

const infoOf = (operator: AnyOperator): StageInfo =>
  isStage(operator) ? operator.info : { stage: 'rxjs', config: {}, needs: [], adds: [] }

/** The rule that the types hold, for pipelines that were never type-checked; and no second of what there is once. */
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
