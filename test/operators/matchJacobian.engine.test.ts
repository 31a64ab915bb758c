/** Matched slopes on networks whose Jacobians are known. */
import { take, tap } from 'rxjs'
import { expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { fillSigns, stream } from '../../src/math/random.js'
import { architecture } from '../../src/models/architecture.js'
import { flatten, linear } from '../../src/models/layers.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { matchJacobian } from '../../src/operators/matchJacobian.js'
import { collect, fakeRun, memory, normalisedNet, tinyData, turns } from '../support/context.js'
import { seededNumbers } from '../support/numbers.js'
import { lentSteps, teacherFile, weightsOf } from '../support/steps.js'

const linearNet = architecture('linear', tinyData.shape, [flatten(), linear('l', { out: tinyData.classes })])

const options = { epsilon: 0.3, weight: 0.5, every: 1 }

/** The terms' values with the student as it is, for three minibatches. */
const valuesOf = (network: typeof linearNet, spread: number, every = 1) => {
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
  for (const { epoch, batch, rows, values } of found) {
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

it('is nothing where the student is its teacher', async () => {
  for (const { names, values, views } of await valuesOf(normalisedNet, 0))
    expect([names, values, views]).toEqual([['jacobian'], [0], 2])
})

it('acts in every k-th minibatch, and leaves the others alone', async () => {
  const found = await valuesOf(linearNet, 0.2, 2)
  expect(found.map(({ names, views }) => [names.length, views])).toEqual([
    [1, 2],
    [0, 1],
    [1, 2],
    [0, 1],
  ])
})

it('frees all that it makes', async () => {
  const before = memory()
  await valuesOf(linearNet, 0.2)
  await turns()
  expect(memory()).toEqual(before)
})
