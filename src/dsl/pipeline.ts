import type { Observable, OperatorFunction, Unsubscribable } from 'rxjs'
import type { DataSource } from './dataset.js'
import { rejectOption } from './errors.js'
import { isStage, type StageInfo } from './op.js'
import type { RunHandle, RunOptions } from './run.js'
import type { Step } from './step.js'

/**
 * Attached to a run when it starts; `metrics$` and `events$` complete, and `result` resolves, when its work is done. A
 * subscription that it returns is torn down then. An observable that it returns is subscribed to, and the run ends when
 * that has completed: what it sends elsewhere arrives. One that still has not completed 10 seconds after the work is a
 * warning; `stop` ends the wait, and of a run that was stopped before, those 10 seconds do. What goes wrong in an
 * observer is a warning.
 */
export type Observer = (run: RunHandle) => Unsubscribable | Observable<unknown> | void

/** A pipeline as data: a source, stages, and what watches it. Immutable: `pipe` and `observe` return a new one. */
export interface Pipeline<S extends Step> {
  readonly kind: 'pipeline'
  readonly name: string
  readonly source: DataSource
  /** The parameters it was made from, where it was made by `definePipeline`. */
  readonly params: Readonly<Record<string, unknown>>
  /** What `--plan` prints: a line per operator; a plain RxJS operator stands there as `rxjs`. */
  readonly plan: readonly StageInfo[]
  readonly observers: readonly Observer[]
  /** The stages applied to a stream of minibatches. Cold: nothing happens before it is subscribed to. */
  readonly apply: (minibatches: Observable<Step>) => Observable<S>

  /** The pipeline with more stages behind it, up to eight in a call, and any number of calls. */
  pipe(): Pipeline<S>
  pipe<A extends Step>(a: OperatorFunction<S, A>): Pipeline<A>
  pipe<A extends Step, B extends Step>(a: OperatorFunction<S, A>, b: OperatorFunction<A, B>): Pipeline<B>
  pipe<A extends Step, B extends Step, C extends Step>(
    a: OperatorFunction<S, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
  ): Pipeline<C>
  pipe<A extends Step, B extends Step, C extends Step, D extends Step>(
    a: OperatorFunction<S, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
  ): Pipeline<D>
  pipe<A extends Step, B extends Step, C extends Step, D extends Step, E extends Step>(
    a: OperatorFunction<S, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
  ): Pipeline<E>
  pipe<A extends Step, B extends Step, C extends Step, D extends Step, E extends Step, F extends Step>(
    a: OperatorFunction<S, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
    f: OperatorFunction<E, F>,
  ): Pipeline<F>
  pipe<A extends Step, B extends Step, C extends Step, D extends Step, E extends Step, F extends Step, G extends Step>(
    a: OperatorFunction<S, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
    f: OperatorFunction<E, F>,
    g: OperatorFunction<F, G>,
  ): Pipeline<G>
  pipe<
    A extends Step,
    B extends Step,
    C extends Step,
    D extends Step,
    E extends Step,
    F extends Step,
    G extends Step,
    H extends Step,
  >(
    a: OperatorFunction<S, A>,
    b: OperatorFunction<A, B>,
    c: OperatorFunction<B, C>,
    d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>,
    f: OperatorFunction<E, F>,
    g: OperatorFunction<F, G>,
    h: OperatorFunction<G, H>,
  ): Pipeline<H>

  /**
   * Watches every run of the pipeline, e.g. `observe((run) => run.metrics$.pipe(…).subscribe(console.log))`. A run
   * waits for an observable, e.g. `observe((run) => run.metrics$.pipe(bufferTime(1000), concatMap(send)))`.
   */
  observe(observer: Observer): Pipeline<S>

  /** The same pipeline with other parameters on record: `definePipeline` says what it was made from. */
  withParams(params: Readonly<Record<string, unknown>>): Pipeline<S>

  /** Starts a run at once, in a run folder of its own. */
  run(options?: RunOptions): RunHandle
}

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
    pipe: ((...more: AnyOperator[]) => extend(fixed, [...operators, ...more], observers)) as Pipeline<Step>['pipe'],
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
