import type { Observable, OperatorFunction, Unsubscribable } from 'rxjs'
import type { DataSource } from '../dataset.js'
import type { CalledAt } from '../kit/calledAt.js'
import type { StageInfo } from '../op.js'
import type { Step } from '../step.js'
import type { RunHandle, RunOptions } from './run.js'

/**
 * A function that is called with each run when it starts. `metrics$` and `events$` complete, and `result` resolves, when
 * the run's work is done. A returned subscription is then unsubscribed. A returned observable is subscribed to, and the
 * run waits until it completes, so that what it sends elsewhere arrives; it waits for a returned promise likewise. If
 * either takes more than 10 seconds after the work, the run warns, leaves it and ends.
 *
 * An error of an observer is a warning that names its place in the program: an exception, an observable that fails, a
 * promise that rejects, also one that a callback of `subscribe` returns.
 */
export type Observer = (run: RunHandle) => Unsubscribable | Observable<unknown> | Promise<unknown> | void

/** An observer of a pipeline, and where it was given to `observe`. */
export interface PlacedObserver {
  readonly observer: Observer
  readonly at: CalledAt
}

/**
 * The result of a stage that the compiler has not looked at yet. It fits every other stage, so that a wrong result is
 * reported on the operator that returns it, not on an earlier stage.
 */
// biome-ignore lint/suspicious/noExplicitAny: no other type can both be assigned to each step and take each step
type Pending = any

/** `pipe` of a pipeline of `S`: the result of each operator is what the next one takes. */
// biome-ignore format: a signature for each number of stages
export interface Pipe<S extends Step> {
  (): Pipeline<S>
  <A extends Step = Pending>(a: OperatorFunction<S, A>): Pipeline<A>
  <A extends Step = Pending, B extends Step = Pending>(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>
  ): Pipeline<B>
  <A extends Step = Pending, B extends Step = Pending, C extends Step = Pending>(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>
  ): Pipeline<C>
  <A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending>(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>
  ): Pipeline<D>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>
  ): Pipeline<E>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>
  ): Pipeline<F>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>
  ): Pipeline<G>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>
  ): Pipeline<H>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>
  ): Pipeline<I>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>
  ): Pipeline<J>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>
  ): Pipeline<K>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>
  ): Pipeline<L>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending,
    M extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>,
    m: OperatorFunction<L, M>
  ): Pipeline<M>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending,
    M extends Step = Pending, N extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>,
    m: OperatorFunction<L, M>, n: OperatorFunction<M, N>
  ): Pipeline<N>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending,
    M extends Step = Pending, N extends Step = Pending, O extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>,
    m: OperatorFunction<L, M>, n: OperatorFunction<M, N>, o: OperatorFunction<N, O>
  ): Pipeline<O>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending,
    M extends Step = Pending, N extends Step = Pending, O extends Step = Pending, P extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>,
    m: OperatorFunction<L, M>, n: OperatorFunction<M, N>, o: OperatorFunction<N, O>, p: OperatorFunction<O, P>
  ): Pipeline<P>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending,
    M extends Step = Pending, N extends Step = Pending, O extends Step = Pending, P extends Step = Pending,
    Q extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>,
    m: OperatorFunction<L, M>, n: OperatorFunction<M, N>, o: OperatorFunction<N, O>, p: OperatorFunction<O, P>,
    q: OperatorFunction<P, Q>
  ): Pipeline<Q>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending,
    M extends Step = Pending, N extends Step = Pending, O extends Step = Pending, P extends Step = Pending,
    Q extends Step = Pending, R extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>,
    m: OperatorFunction<L, M>, n: OperatorFunction<M, N>, o: OperatorFunction<N, O>, p: OperatorFunction<O, P>,
    q: OperatorFunction<P, Q>, r: OperatorFunction<Q, R>
  ): Pipeline<R>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending,
    M extends Step = Pending, N extends Step = Pending, O extends Step = Pending, P extends Step = Pending,
    Q extends Step = Pending, R extends Step = Pending, T extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>,
    m: OperatorFunction<L, M>, n: OperatorFunction<M, N>, o: OperatorFunction<N, O>, p: OperatorFunction<O, P>,
    q: OperatorFunction<P, Q>, r: OperatorFunction<Q, R>, t: OperatorFunction<R, T>
  ): Pipeline<T>
  <
    A extends Step = Pending, B extends Step = Pending, C extends Step = Pending, D extends Step = Pending,
    E extends Step = Pending, F extends Step = Pending, G extends Step = Pending, H extends Step = Pending,
    I extends Step = Pending, J extends Step = Pending, K extends Step = Pending, L extends Step = Pending,
    M extends Step = Pending, N extends Step = Pending, O extends Step = Pending, P extends Step = Pending,
    Q extends Step = Pending, R extends Step = Pending, T extends Step = Pending, U extends Step = Pending
  >(
    a: OperatorFunction<S, A>, b: OperatorFunction<A, B>, c: OperatorFunction<B, C>, d: OperatorFunction<C, D>,
    e: OperatorFunction<D, E>, f: OperatorFunction<E, F>, g: OperatorFunction<F, G>, h: OperatorFunction<G, H>,
    i: OperatorFunction<H, I>, j: OperatorFunction<I, J>, k: OperatorFunction<J, K>, l: OperatorFunction<K, L>,
    m: OperatorFunction<L, M>, n: OperatorFunction<M, N>, o: OperatorFunction<N, O>, p: OperatorFunction<O, P>,
    q: OperatorFunction<P, Q>, r: OperatorFunction<Q, R>, t: OperatorFunction<R, T>, u: OperatorFunction<T, U>
  ): Pipeline<U>
}

/** A pipeline as data: a source, stages and observers. Immutable: `pipe` and `observe` return a new pipeline. */
export interface Pipeline<S extends Step> {
  readonly kind: 'pipeline'
  readonly name: string
  readonly source: DataSource
  /** The parameters from which `definePipeline` made it; empty without `definePipeline`. */
  readonly params: Readonly<Record<string, unknown>>
  /** What `--plan` prints: one line per operator; a plain RxJS operator is `rxjs`. */
  readonly plan: readonly StageInfo[]
  readonly observers: readonly PlacedObserver[]
  /** The stages applied to a stream of minibatches. The result is cold: nothing happens before subscription. */
  readonly apply: (minibatches: Observable<Step>) => Observable<S>

  /**
   * The pipeline with more stages after its own: up to twenty in a call, and any number of calls. A stage in the wrong
   * place does not compile, and neither does a plain operator whose result is not a step; the error is on that argument.
   *
   * @throws OptionError for a stage in the wrong place, and for an argument that is not an operator: each plain one is
   * applied to an empty stream at once
   */
  readonly pipe: Pipe<S>

  /**
   * Watches every run of the pipeline, e.g. `observe((run) => run.metrics$.pipe(…).subscribe(console.log))`. A run
   * waits for an observable, e.g. `observe((run) => run.metrics$.pipe(bufferTime(1000), concatMap(send)))`.
   */
  observe(observer: Observer): Pipeline<S>

  /** The same pipeline with other recorded parameters; `definePipeline` records those that it was made from. */
  withParams(params: Readonly<Record<string, unknown>>): Pipeline<S>

  /** The same stages over other data, by default under the same name. */
  over(source: DataSource, name?: string): Pipeline<S>

  /** Starts a run at once, in its own run folder. */
  run(options?: RunOptions): RunHandle
}
