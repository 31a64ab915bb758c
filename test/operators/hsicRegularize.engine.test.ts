/** Which hidden activations the bottleneck reads, and with which kernels. */
import { take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { tf } from '../../src/engine/tf.js'
import { bottleneckLoss, bottleneckMatrix } from '../../src/math/hsic/hsic.js'
import { forward, unflatten } from '../../src/models/forward/forward.js'
import { type HsicRegularizeOptions, hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { collect, fakeRun, tinyNet } from '../support/context.js'
import { lentSteps, teacherFile } from '../support/steps.js'

const lambdas = { lambdaX: 0.7, lambdaY: 0.3 }

/** The term of one minibatch, by the stage and by its definition with chosen activations (by position) and widths. */
const values = async (
  chosen: Pick<HsicRegularizeOptions, 'layers' | 'sigma'>,
  expected: { readonly hidden: readonly number[]; readonly sigmas: readonly number[]; readonly sigma: number },
) => {
  const fake = fakeRun()
  const steps = lentSteps(fake).pipe(
    loadTeacher(teacherFile(tinyNet), { architecture: tinyNet }),
    hsicRegularize({ ...lambdas, ...chosen }),
    take(1),
  )
  const [found] = await collect(steps, ({ minibatch: { images, labels, views }, student, terms }) =>
    tf.tidy(() => {
      const outputs = forward(tinyNet, unflatten(tinyNet, student.weights), images)
      const term = terms[0]?.bind({ images, labels, phase: 'retrain', views, indices: undefined })
      const matrix = bottleneckMatrix(images, labels, { ...lambdas, sigma: expected.sigma })
      const looked = outputs.hidden.filter((_, index) => expected.hidden.includes(index))
      return [term?.(outputs), bottleneckLoss(looked, matrix, expected.sigmas)].map((loss) =>
        Number(loss?.dataSync()[0]),
      )
    }),
  ).finally(() => fake.end())
  return found ?? []
}

describe('hsicRegularize', () => {
  it.each([
    ['all layers', {}, { hidden: [0, 1], sigmas: [5, 5], sigma: 5 }],
    ['the first', { layers: ['conv'] }, { hidden: [0], sigmas: [5], sigma: 5 }],
    ['the second', { layers: ['fc1'] }, { hidden: [1], sigmas: [5], sigma: 5 }],
    ['one width', { sigma: 2 }, { hidden: [0, 1], sigmas: [2, 2], sigma: 2 }],
    ['a width of one layer', { sigma: { fc1: 1 } }, { hidden: [0, 1], sigmas: [5, 1], sigma: 5 }],
    ['both', { layers: ['fc1'], sigma: { conv: 3, fc1: 1 } }, { hidden: [1], sigmas: [1], sigma: 5 }],
  ])('reads %s', async (_, chosen, expected) => {
    const [found, defined] = await values(chosen, expected)
    expect(found).toBe(defined)
  })

  it('is another number with another width or fewer layers', async () => {
    const all = { hidden: [0, 1], sigmas: [5, 5], sigma: 5 }
    const found = [{}, { layers: ['conv'] }, { sigma: 2 }, { sigma: { fc1: 1 } }].map((chosen) => values(chosen, all))
    const first = (await Promise.all(found)).map(([value]) => value)
    expect(new Set(first).size).toBe(4)
  })

  it.each([[{ layers: ['conv', 'fc2'] }], [{ sigma: { fc2: 1 } }]])(
    'says which hidden layers there are: %j',
    async (chosen) => {
      await expect(values(chosen, { hidden: [], sigmas: [], sigma: 5 })).rejects.toMatchObject({
        error: { stage: 'hsicRegularize', expected: 'a hidden layer among conv, fc1', actual: '"fc2"' },
      })
    },
  )
})
