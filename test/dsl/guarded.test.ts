/** What an operator of a pipeline may do to the steps, and when it may end their stream. */
import { isLeft } from 'fp-ts/lib/Either.js'
import {
  bufferCount,
  concatMap,
  concatWith,
  defer,
  delay,
  EMPTY,
  filter,
  first,
  map,
  mergeMap,
  type Observable,
  type OperatorFunction,
  pairwise,
  startWith,
  take,
  takeWhile,
} from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { PwoaError } from '../../src/dsl/errors.js'
import { CalledAt } from '../../src/dsl/kit/calledAt.js'
import { type Op, stage } from '../../src/dsl/op.js'
import type { Pipeline } from '../../src/dsl/pipeline/pipeline.js'
import { asynchronous } from '../../src/dsl/stages/asynchronous.js'
import { enrich } from '../../src/dsl/stages/enrich.js'
import type { Step } from '../../src/dsl/step.js'
import { fakePipeline, fakeTrain, temporaryFolder } from '../runtime/fakes.js'

/** An operator as a file that no compiler has seen may have it. */
const unseen = (operator: unknown): OperatorFunction<Step, Step> => operator as OperatorFunction<Step, Step>

const marked: Op<unknown, { readonly mark: number }> = stage(
  { stage: 'marked', config: {}, needs: [], adds: ['mark'] },
  (source) => source.pipe(map((step) => enrich('marked', step, { mark: 1 }))),
)

const trained = fakeTrain({ epochs: 2 })

const errorOf = async (pipeline: Pipeline<Step>): Promise<PwoaError | undefined> => {
  const result = await pipeline.run({ out: `${temporaryFolder()}/run` }).result
  return isLeft(result) ? result.left : undefined
}

const passed = (expected: string, actual: string) => ({ _tag: 'OptionError', stage: 'pipe', expected, actual })

describe('an operator that does not pass on steps', () => {
  const wrong: Readonly<Record<string, readonly [operator: unknown, actual: string]>> = {
    'null for each step': [map(() => null), 'null'],
    'empty objects': [map(() => ({})), 'an object without fields'],
    'parts of steps': [map(({ run }: Step) => ({ run })), 'an object with run'],
    'lists of steps': [bufferCount(2), 'a list of 2'],
    pairs: [pairwise(), 'a list of 2'],
    'a value before the steps': [startWith('begin'), '"begin"'],
    promises: [map(async (step: Step) => step), 'a promise; wait for it in asynchronous(concatMap(…))'],
    'a promise of nothing': [map(async () => undefined), 'a promise; wait for it in asynchronous(concatMap(…))'],
  }

  test.each(Object.entries(wrong))('%s: named by its number', async (_title, [operator, actual]) => {
    const error = await errorOf(fakePipeline().pipe(marked, unseen(operator), trained))
    expect(error).toMatchObject(passed('operator 2 to pass on steps', actual))
    // The stack leads to this line.
    const stack = error?.cause instanceof CalledAt ? error.cause.stack : undefined
    expect(stack?.split('\n')[1]).toContain('guarded.test.ts')
  })

  test('also after the stage that trains', async () => {
    expect(await errorOf(fakePipeline().pipe(trained, unseen(bufferCount(5))))).toMatchObject(
      passed('operator 2 to pass on steps', 'a list of 5'),
    )
  })

  test('a field that is lost is named', async () => {
    const lost = map(({ run, minibatch }: Step) => ({ run, minibatch }))
    expect(await errorOf(fakePipeline().pipe(marked, unseen(lost), trained))).toMatchObject(
      passed('operator 2 to pass on steps with the field "mark"', 'a step with run, minibatch'),
    )
  })

  test('and so is a stage of the user that does not add what it says', async () => {
    const idle = stage<unknown, object>({ stage: 'idle', config: {}, needs: [], adds: ['mark'] }, (source) => source)
    expect(await errorOf(fakePipeline().pipe(idle, trained))).toMatchObject({
      stage: 'idle',
      expected: 'to pass on steps with the field "mark"',
      actual: 'a step with run, minibatch',
    })
  })

  test.each([
    ['twice', mergeMap((step: Step) => [step, step]), 'minibatch 1 of pass 1 twice'],
    ['in another order', reversed(), 'minibatch 1 of pass 1 after a later one'],
  ])('each step %s', async (_title, operator, actual) => {
    expect(await errorOf(fakePipeline().pipe(unseen(operator), trained))).toMatchObject(
      passed('operator 1 to pass on each step once, in order', actual),
    )
  })

  test('leaves out as many as it likes, and copies them', async () => {
    const odd = filter(({ minibatch }: Step) => minibatch.batch % 2 === 0)
    const copied = map((step: Step) => ({ ...step, mine: 1 }))
    const late = asynchronous<Step, Step>(delay(1))
    expect(await errorOf(fakePipeline().pipe(odd, copied, late, trained, copied))).toBeUndefined()
  })
})

/** The second step before the first, of each two. */
function reversed() {
  return (source: Observable<Step>) =>
    source.pipe(
      bufferCount(2),
      concatMap(([one, two]) => (one && two ? [two, one] : [])),
    )
}

describe('a stream that ends early', () => {
  const hint = (who: string): string =>
    `${who} ends the stream. To train for fewer steps, write limit({ steps }) before the stage that trains.`

  test.each([
    [
      'before the stage that trains',
      [take(6), trained],
      'Operator 1',
      '6 of 10 steps: the network was not trained to its end',
    ],
    ['after it', [trained, take(6)], 'Operator 2', '6 of 10 steps: the network was not trained to its end'],
    [
      'by a condition',
      [trained, takeWhile((step: Step) => step.minibatch.epoch < 1)],
      'Operator 2',
      '5 of 10 steps: the network was not trained to its end',
    ],
    [
      'after the first step',
      [first(), marked, trained],
      'Operator 1',
      '1 of 10 steps: the network was not trained to its end',
    ],
  ] as const)('%s fails the run, and says what is missing', async (_title, operators, who, after) => {
    const pipeline = operators.reduce<Pipeline<Step>>((whole, one) => whole.pipe(unseen(one)), fakePipeline())
    expect(await errorOf(pipeline)).toMatchObject({
      _tag: 'RunError',
      stage: 'fakeTrain',
      expected: 'all steps',
      actual: `a stream that ended after ${after}`,
      hint: hint(who),
    })
  })

  test('says so if there was no step at all, with or without a stage that trains', async () => {
    const empty = unseen(() => EMPTY)
    expect(await errorOf(fakePipeline().pipe(empty))).toMatchObject({
      stage: 'pipe',
      actual: 'a stream that ended before its first step',
    })
    expect(await errorOf(fakePipeline().pipe(marked, empty, trained))).toMatchObject({
      stage: 'pipe',
      actual: 'a stream that ended before its first step',
    })
  })

  test('at the very last step, before the stages before it have ended, fails too', async () => {
    const ended: string[] = []
    const later = stage<unknown, unknown>({ stage: 'later', config: {}, needs: [], adds: [] }, (source) =>
      withEnd(source, () => void ended.push('yes')),
    )
    expect(await errorOf(fakePipeline().pipe(trained, later, take(10)))).toMatchObject({
      stage: 'fakeTrain',
      actual: 'a stream that ended before its stages',
      hint: hint('Operator 3'),
    })
    expect(ended).toEqual([])
  })

  test('by a stage before the one that trains is that stage’s', async () => {
    const once = stage<unknown, unknown>({ stage: 'once', config: {}, needs: [], adds: [] }, take(1))
    expect(await errorOf(fakePipeline().pipe(once, marked, trained))).toMatchObject({
      stage: 'fakeTrain',
      hint: hint('once, operator 1,'),
    })
  })

  test('by a stage after it is as it should be, and so is any end if nothing trains', async () => {
    const enough = stage<unknown, unknown>({ stage: 'enough', config: {}, needs: [], adds: [] }, take(3))
    expect(await errorOf(fakePipeline().pipe(trained, enough, marked))).toBeUndefined()
    expect(await errorOf(fakePipeline().pipe(marked, take(2)))).toBeUndefined()
  })

  test('what comes at the end of the stream does not come', async () => {
    const ended: string[] = []
    const exported = stage<unknown, unknown>({ stage: 'exported', config: {}, needs: [], adds: [] }, (source) =>
      withEnd(source, () => void ended.push('yes')),
    )
    expect(await errorOf(fakePipeline().pipe(take(6), trained, exported))).toMatchObject({ stage: 'fakeTrain' })
    expect(await errorOf(fakePipeline().pipe(trained, take(6), exported))).toMatchObject({ stage: 'fakeTrain' })
    expect(ended).toEqual([])
    expect(await errorOf(fakePipeline().pipe(trained, exported))).toBeUndefined()
    expect(ended).toEqual(['yes'])
  })

  test('does not when a run is stopped', async () => {
    const run = fakePipeline()
      .pipe(
        map((step) => step),
        fakeTrain({ epochs: 2, during: (done) => (done === 3 ? run.stop() : undefined) }),
      )
      .run({ out: `${temporaryFolder()}/run` })
    expect(await run.result).toMatchObject({ left: { _tag: 'InterruptedError' } })
  })
})

/** The steps, and what is done when they have ended. */
const withEnd = <S extends Step>(source: Observable<S>, act: () => void): Observable<S> =>
  source.pipe(
    concatWith(
      defer(() => {
        act()
        return EMPTY
      }),
    ),
  )
