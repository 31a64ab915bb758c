import { defer, isObservable, Observable, type OperatorFunction, tap } from 'rxjs'
import { PwoaFailure, rejectOption } from '../errors.js'
import type { CalledAt } from '../kit/calledAt.js'
import { drawn } from '../kit/drawn.js'
import { isStage, type StageInfo } from '../op.js'
import type { Phase } from '../phases.js'
import type { Minibatch, Step, TrainingMetrics } from '../step.js'

/** An operator of a pipeline, and what is known of it. */
export interface PlacedOperator {
  readonly operator: OperatorFunction<Step, Step>
  readonly info: StageInfo
  /** From 1. */
  readonly number: number
  /** Fields that a step has after it. */
  readonly fields: readonly string[]
  /** The stages that train, up to this one. */
  readonly trainers: readonly StageInfo[]
  /** Where it was given to `pipe`. */
  readonly at: CalledAt
}

/** What the operators of one subscription have in common. */
interface Flow {
  /** The operator that ended the stream before the one ahead of it had completed. */
  endedBy?: PlacedOperator
}

/**
 * The operators in order, each watched. An operator passes on steps, with all fields that earlier stages have added,
 * each at most once and in order. A plain operator of RxJS may not end the stream before a stage that trains has ended.
 */
export const guarded =
  (operators: readonly PlacedOperator[]) =>
  (minibatches: Observable<Step>): Observable<Step> =>
    defer(() => {
      const flow: Flow = {}
      return operators.reduce<Observable<Step>>((stream, placed) => watched(stream, placed, flow), minibatches)
    })

const watched = (source: Observable<Step>, placed: PlacedOperator, flow: Flow): Observable<Step> => {
  let entered: 'all' | 'some' = 'some'
  let last: Step | undefined
  const entering = source.pipe(
    tap({
      complete: () => {
        entered = 'all'
      },
    }),
  )
  const leaving = applied(entering, placed)
  return new Observable((subscriber) =>
    leaving.subscribe({
      next: (step) => {
        const wrong = wrongStep(step, last, placed)
        if (wrong) subscriber.error(wrong)
        else {
          last = step
          subscriber.next(step)
        }
      },
      error: (thrown: unknown) => subscriber.error(thrown),
      complete: () => {
        if (entered === 'some') flow.endedBy ??= placed
        const wrong = wrongEnd(entered, last, placed, flow)
        if (wrong) subscriber.error(wrong)
        else subscriber.complete()
      },
    }),
  )
}

/** The stream after one more operator. A stage that was not called refuses the stream, or returns a stage here. */
export const applied = (
  stream: Observable<Step>,
  { operator, number }: Pick<PlacedOperator, 'operator' | 'number'>,
): Observable<Step> => {
  if (typeof operator !== 'function') rejectOption('pipe', `operator ${number} to be a function`, drawn(operator))
  const result: unknown = operator(stream)
  if (isObservable(result)) return result as Observable<Step>
  const meant = isStage(result) ? `; call it: ${result.info.stage}()` : ''
  return rejectOption('pipe', `operator ${number} to return an Observable`, `${drawn(result)}${meant}`)
}

/** What is wrong with a value that an operator passes on; undefined for a step as it should be. */
const wrongStep = (value: unknown, last: Step | undefined, placed: PlacedOperator): PwoaFailure | undefined => {
  if (!isStep(value)) return notPassed(placed, 'to pass on steps', described(value))
  const missing = placed.fields.find((field) => !(field in value))
  if (missing !== undefined)
    return notPassed(
      placed,
      `to pass on steps with the field "${missing}"`,
      `a step with ${Object.keys(value).join(', ')}`,
    )
  if (last && orderOf(value.minibatch) <= orderOf(last.minibatch)) {
    const { epoch, batch } = value.minibatch
    const seen = `minibatch ${batch + 1} of pass ${epoch + 1}`
    const twice = orderOf(value.minibatch) === orderOf(last.minibatch)
    return notPassed(
      placed,
      'to pass on each step once, in order',
      twice ? `${seen} twice` : `${seen} after a later one`,
    )
  }
  return undefined
}

const isStep = (value: unknown): value is Step =>
  typeof value === 'object' &&
  value !== null &&
  'run' in value &&
  typeof value.run === 'object' &&
  'minibatch' in value &&
  typeof value.minibatch === 'object' &&
  value.minibatch !== null &&
  'hold' in value.minibatch

const described = (value: unknown): string => {
  if (value instanceof Promise) return 'a promise; wait for it in asynchronous(concatMap(…))'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) {
    const names = Object.keys(value)
    return names.length === 0 ? 'an object without fields' : `an object with ${names.slice(0, 5).join(', ')}`
  }
  return drawn(value)
}

/** The place of a minibatch among all. */
const orderOf = ({ epoch, batch, batches }: Minibatch): number => epoch * batches + batch

const notPassed = ({ info, number, at }: PlacedOperator, expected: string, actual: string): PwoaFailure => {
  const [stage, subject] = info.stage === PLAIN ? ['pipe', `operator ${number} `] : [info.stage, '']
  return new PwoaFailure({ _tag: 'OptionError', stage, expected: `${subject}${expected}`, actual, cause: at })
}

/** What is wrong with a stream that ends after an operator; undefined if it may end. */
const wrongEnd = (
  entered: 'all' | 'some',
  last: Step | undefined,
  placed: PlacedOperator,
  { endedBy = placed }: Flow,
): PwoaFailure | undefined => {
  const { info, trainers } = placed
  const trainer = trainers.at(-1)?.stage
  const training = trainingOf(last)
  if (entered === 'all')
    return info.adds.includes('training') && !isWhole(training)
      ? endedEarly(info.stage, unfinished(training), endedBy)
      : undefined
  if (info.stage !== PLAIN) return undefined
  if (trainer !== undefined)
    return endedEarly(
      trainer,
      isWhole(training) ? 'a stream that ended before its stages' : unfinished(training),
      placed,
    )
  return last ? undefined : endedEarly('pipe', 'a stream that ended before its first step', placed)
}

const isWhole = (training: TrainingMetrics | undefined): boolean =>
  training !== undefined && training.step >= training.steps

const trainingOf = (step: (Step & { readonly training?: TrainingMetrics }) | undefined): TrainingMetrics | undefined =>
  step?.training

const unfinished = (training: TrainingMetrics | undefined): string =>
  training
    ? `a stream that ended after ${training.step} of ${training.steps} steps: ${missing[training.phase]}`
    : 'a stream that ended before its first step: nothing was trained'

/** What a network lacks if the stream ends in a phase. */
const missing: Readonly<Record<Phase, string>> = {
  admm: 'nothing was pruned',
  prune: 'nothing was pruned to its end',
  retrain: 'the pruned network was not retrained to its end',
  train: 'the network was not trained to its end',
}

const endedEarly = (stage: string, actual: string, { info, number, at }: PlacedOperator): PwoaFailure => {
  const name = info.stage === PLAIN ? `Operator ${number}` : `${info.stage}, operator ${number},`
  return new PwoaFailure({
    _tag: 'RunError',
    stage,
    expected: 'all steps',
    actual,
    hint: `${name} ends the stream. To train for fewer steps, write limit({ steps }) before the stage that trains.`,
    cause: at,
  })
}

/** The name of a plain operator of RxJS in a plan. */
export const PLAIN = 'rxjs'
