/** Matched input gradients on networks whose Jacobians are known. */
import { type MonoTypeOperatorFunction, take, tap } from 'rxjs'
import { expect, it } from 'vitest'
import type { HasTerms, Step } from '../../src/dsl/step.js'
import { tf } from '../../src/engine/tf.js'
import { blockNoise, uniformNoise } from '../../src/math/perturbations.js'
import { fillSigns, stream } from '../../src/math/random.js'
import { architecture } from '../../src/models/architecture/architecture.js'
import { flatten, linear } from '../../src/models/layers/layers.js'
import { distill } from '../../src/operators/distill.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { matchJacobian } from '../../src/operators/matchJacobian.js'
import { perturb } from '../../src/operators/perturb.js'
import { train } from '../../src/operators/train.js'
import { vib } from '../../src/operators/vib.js'
import type { HasStudent, HasTeacher } from '../../src/training/network/network.js'
import { collect, fakeRun, memory, normalisedNet, tinyData, tinyNet, turns } from '../support/context.js'
import { nonEmpty } from '../support/expectEvery.js'
import { seededNumbers } from '../support/numbers.js'
import { lentSteps, teacherFile, weightsOf } from '../support/steps.js'

const linearNet = architecture('linear', tinyData.shape, [flatten(), linear('l', { out: tinyData.classes })])

type Later = MonoTypeOperatorFunction<Step & HasTeacher & HasStudent & HasTerms>

const options = { epsilon: 0.3, weight: 0.5, every: 1 }

/** The term's values for three minibatches, with a fixed student. */
const valuesOf = (network: typeof linearNet, spread: number, every = 1, later: Later = (source) => source) => {
  const fake = fakeRun({ seed: 4 })
  const steps = lentSteps(fake).pipe(
    loadTeacher(teacherFile(network), { architecture: network }),
    tap(({ student, minibatch }) => {
      if (minibatch.batch + minibatch.epoch > 0) return
      const begun = weightsOf(student)
      const noise = seededNumbers(9, begun.length)
      student.replaceWeights(tf.tensor1d(begun.map((value, i) => value + spread * Number(noise[i]))))
    }),
    matchJacobian({ ...options, every }),
    later,
    take(4),
  )
  return collect(steps, ({ minibatch, student, terms }) =>
    tf.tidy(() => {
      const { images, labels, views, epoch, batch, size } = minibatch
      const logits = student.logits(images)
      const bound = terms.map((term) => term.bind({ images, labels, phase: 'admm', views, indices: undefined }))
      return {
        ...{ epoch, batch, views, size, rows: images.shape[0] },
        names: terms.map(({ name }) => name),
        values: bound.map((loss) => Number(loss({ logits, hidden: [] }).dataSync()[0])),
      }
    }),
  ).finally(() => fake.end())
}

it('is the square of ε times the L1 norm of the difference of two linear maps', async () => {
  const spread = 0.2
  const { classes, shape } = tinyData
  const inputs = shape.height * shape.width * shape.channels
  const noise = seededNumbers(9, classes * inputs + classes)
  const found = await valuesOf(linearNet, spread)
  for (const { epoch, batch, rows, values } of nonEmpty(found)) {
    const examples = rows / 2
    const v = new Float32Array(examples * classes)
    fillSigns(v, stream(4, 'matchJacobian', epoch, batch))
    let sum = 0
    for (let i = 0; i < examples; i++) {
      let norm = 0
      for (let p = 0; p < inputs; p++) {
        let slope = 0
        // The engine's layout of a linear weight is inputs × classes.
        for (let c = 0; c < classes; c++) slope += Number(v[i * classes + c]) * spread * Number(noise[p * classes + c])
        norm += Math.abs(slope)
      }
      sum += (options.epsilon * norm) ** 2
    }
    const expected = (options.weight * sum) / examples
    // Differences of float32 logits over a step of 0.01.
    expect(Math.abs(Number(values[0]) / expected - 1)).toBeLessThan(2e-3)
  }
})

it('is 0 if the student equals its teacher', async () => {
  for (const { names, values, views } of nonEmpty(await valuesOf(normalisedNet, 0)))
    expect([names, values, views]).toEqual([['jacobian'], [0], 2])
})

it('tends to 0 as the student approaches its teacher, even if ReLUs change sides within a step', async () => {
  const sum = (found: Awaited<ReturnType<typeof valuesOf>>): number =>
    found.reduce((total, { values }) => total + Number(values[0]), 0)
  // The loss is quadratic in the gap, down to the rounding of float32 logits over a step of 0.01.
  expect(sum(await valuesOf(tinyNet, 1e-3)) / sum(await valuesOf(tinyNet, 1e-1))).toBeLessThan(3e-4)
})

it('refuses images that a later stage has changed', async () => {
  const later: Later = (source) => source.pipe(perturb(uniformNoise({ epsilon: 0.1 })))
  await expect(valuesOf(linearNet, 0.2, 1, later)).rejects.toMatchObject({
    error: { _tag: 'RunError', stage: 'matchJacobian' },
  })
})

it('refuses a stochastic head', async () => {
  const fake = fakeRun()
  const steps = lentSteps(fake).pipe(
    loadTeacher(teacherFile(tinyNet), { architecture: tinyNet }),
    matchJacobian(options),
    distill(),
    vib({ size: 4 }),
    train({ epochs: 1 }),
  )
  await expect(collect(steps, (step) => step)).rejects.toMatchObject({
    error: { _tag: 'RunError', stage: 'matchJacobian' },
  })
  fake.end()
})

it('is a loss that can be used alone', async () => {
  const fake = fakeRun()
  const steps = lentSteps(fake).pipe(
    loadTeacher(teacherFile(tinyNet), { architecture: tinyNet }),
    perturb(blockNoise({ epsilon: 0.3 })),
    matchJacobian({ epsilon: 0.3 }),
    train({ epochs: 2 }),
  )
  const found = await collect(steps, ({ training }) => training.terms)
  expect(found).toHaveLength(6)
  for (const terms of found) expect(Object.keys(terms)).toEqual(['jacobian'])
  fake.end()
})

it('acts in every k-th minibatch only', async () => {
  const found = await valuesOf(linearNet, 0.2, 2)
  expect(found.map(({ names, values, views }) => [names[0], Number(values[0]) > 0, views])).toEqual([
    ['jacobian', true, 2],
    ['jacobian', false, 1],
    ['jacobian', true, 2],
    ['jacobian', false, 1],
  ])
})

it('frees all its tensors', async () => {
  const before = memory()
  await valuesOf(linearNet, 0.2)
  await turns()
  expect(memory()).toEqual(before)
})
