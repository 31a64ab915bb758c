/** A step as one call of the native engine does what the same step does call by call. */

import { map, type Observable } from 'rxjs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Work, work } from '../../../src/dsl/kit/traced.js'
import type { HasTerms, HasTraining, LossTerm, Step } from '../../../src/dsl/step.js'
import { tf } from '../../../src/engine/tf.js'
import { admmMask } from '../../../src/operators/admmMask.js'
import { crossEntropy } from '../../../src/operators/crossEntropy.js'
import { distill } from '../../../src/operators/distill.js'
import { hsicRegularize } from '../../../src/operators/hsicRegularize.js'
import { loadTeacher } from '../../../src/operators/loadTeacher.js'
import { lossTerm } from '../../../src/operators/lossTerm.js'
import type { HasStudent } from '../../../src/training/network/network.js'
import { adam } from '../../../src/training/step/adam.js'
import type { Optimizer } from '../../../src/training/step/optimizer.js'
import { sgd } from '../../../src/training/step/sgd.js'
import { collect, fakeRun, normalisedNet, tinyNet, turns } from '../../support/context.js'
import { distance } from '../../support/numbers.js'
import { lentSteps, runningOf, teacherFile, weightsOf } from '../../support/steps.js'

const ONE = 'the step in one call'

/** The names of all work that is reported until the test is over. */
const workDone = (): Set<string> => {
  const names = new Set<string>()
  const note = (message: unknown): void => void names.add((message as Work).name)
  work.start.subscribe(note)
  onTestFinished(() => void work.start.unsubscribe(note))
  return names
}

/** The same terms, as those of a user who writes functions around them. */
const wrapped = <S extends HasTerms>(source: Observable<S>): Observable<S> =>
  source.pipe(map((step) => ({ ...step, terms: step.terms.map((term) => around(term)) })))

const around = (term: LossTerm): LossTerm => ({ ...term, bind: (batch) => term.bind(batch) })

const same = <S>(source: Observable<S>): Observable<S> => source

interface Seen {
  readonly losses: readonly number[]
  readonly weights: Float32Array
  readonly running: Float32Array
}

const view = ({ training, student }: HasTraining & HasStudent): Seen => ({
  losses: Object.values(training.terms),
  weights: weightsOf(student),
  running: runningOf(student),
})

/** Two phases with penalty and mask; the last minibatch of an epoch is smaller. */
const train = async (
  architecture: typeof tinyNet,
  optimizer: Optimizer,
  layers: readonly string[] | undefined,
  between: (source: Observable<Step & HasTerms & HasStudent>) => Observable<Step & HasTerms & HasStudent>,
): Promise<readonly Seen[]> => {
  const fake = fakeRun({})
  const phases = ['admm', 'retrain'] as const
  const recipe = { optimizer, learningRate: 0.01 }
  const seen = await collect(
    between(
      lentSteps(fake).pipe(
        loadTeacher(teacherFile(architecture), { architecture }),
        distill({ temperature: 3 }),
        hsicRegularize({ lambdaX: 0.02, lambdaY: 0.05, phases, ...(layers ? { layers } : {}) }),
        crossEntropy({ weight: 0.5 }),
      ),
    ).pipe(admmMask({ pattern: 'irregular', rate: 2, epochs: 2, retrainEpochs: 2, admm: recipe, retrain: recipe })),
    view,
  )
  fake.end()
  await turns()
  return seen
}

describe.each([
  ['parts of a minibatch', tinyNet, undefined],
  ['a chosen hidden activation', tinyNet, ['fc1']],
  ['batch normalisation', normalisedNet, undefined],
] as const)('%s', (_name, architecture, layers) => {
  it.each([adam(), sgd({ weightDecay: 0.01 })])('with $name', async (optimizer) => {
    const done = workDone()
    const inOne = await train(architecture, optimizer, layers, same)
    expect(done).toContain(ONE)
    expect(done).not.toContain('optimizer')
    done.clear()
    const byCalls = await train(architecture, optimizer, layers, wrapped)
    expect(done).not.toContain(ONE)
    expect(done).toContain('operations one by one, for loss term distillation')
    expect(inOne).toHaveLength(12)
    for (const [i, { losses, weights, running }] of inOne.entries()) {
      expect(distance(losses, byCalls[i]?.losses ?? [])).toBeLessThan(1e-4)
      expect(distance(weights, byCalls[i]?.weights ?? [])).toBeLessThan(1e-4)
      expect(distance(running, byCalls[i]?.running ?? [])).toBeLessThan(1e-4)
    }
  })
})

it("a user's term among the others is run by operations, and the profile names it", async () => {
  const done = workDone()
  const fake = fakeRun({})
  await collect(
    lentSteps(fake).pipe(
      loadTeacher(teacherFile(), { architecture: tinyNet }),
      distill(),
      lossTerm('logits', ({ logits }) => tf.mean(tf.square(logits))),
      admmMask({ pattern: 'irregular', rate: 2, epochs: 1, retrainEpochs: 0 }),
    ),
    () => undefined,
  )
  expect(done).toContain('operations one by one, for loss term logits')
  expect(done).not.toContain(ONE)
  fake.end()
  await turns()
})

it('a loss that is not finite stops the run before anything is replaced', async () => {
  const fake = fakeRun({})
  let before: Float32Array | undefined
  let after: (() => Float32Array) | undefined
  const trained = lentSteps(fake).pipe(
    loadTeacher(teacherFile(), { architecture: tinyNet }),
    map((step) => {
      const { student } = step
      student.replaceWeights(tf.tensor1d(weightsOf(student).fill(Number.NaN, 0, 1)))
      before = weightsOf(student)
      after = () => weightsOf(student)
      return step
    }),
    distill(),
    admmMask({ pattern: 'irregular', rate: 2, epochs: 1, retrainEpochs: 0 }),
  )
  await expect(collect(trained, () => undefined)).rejects.toThrow(/a finite loss/)
  expect(after?.()).toEqual(before)
  fake.end()
  await turns()
})
