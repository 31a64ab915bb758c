import { EMPTY, isObservable, type Observable, type OperatorFunction } from 'rxjs'
import type { DataSource } from '../dataset.js'
import { rejectOption } from '../errors.js'
import { drawn } from '../kit/drawn.js'
import { isStage, type StageInfo } from '../op.js'
import type { Step } from '../step.js'
import type { Observer, Pipe, Pipeline } from './pipeline.js'
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
    apply: (minibatches) => operators.reduce(applied, minibatches),
    // The overloads give each operator its type; here all have the same type.
    pipe: ((...more: AnyOperator[]) => extend(fixed, [...operators, ...more], observers)) as Pipe<Step>,
    observe: (observer) => extend(fixed, operators, [...observers, observer]),
    withParams: (params) => extend({ ...fixed, params }, operators, observers),
    run: (options = {}) => fixed.runner(self, checkRunOptions(options)),
  }
  return self
}

/** The stream after one more operator. A stage that was not called refuses the stream, or returns a stage here. */
const applied = (stream: Observable<Step>, operator: AnyOperator, index: number): Observable<Step> => {
  if (typeof operator !== 'function') rejectOption('pipe', `operator ${index + 1} to be a function`, drawn(operator))
  const result: unknown = operator(stream)
  if (isObservable(result)) return result as Observable<Step>
  const meant = isStage(result) ? `; call it: ${result.info.stage}()` : ''
  return rejectOption('pipe', `operator ${index + 1} to return an Observable`, `${drawn(result)}${meant}`)
}

/** A plain operator is applied to an empty stream, so that anything that is not an operator is refused at once. */
const infoOf = (operator: AnyOperator, index: number): StageInfo => {
  if (isStage(operator)) return operator.info
  applied(EMPTY, operator, index)
  return { stage: 'rxjs', config: {}, needs: [], adds: [] }
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
