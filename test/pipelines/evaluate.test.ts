import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import evaluate from '../../pipelines/evaluate.js'
import { describeError } from '../../src/dsl/errors.js'

const attacks = ['autoattack', 'fgsm', 'pgd', 'pgd-margin', 'pgd10']

/** The attacks of the plan, by name. */
const plannedWith = (settings: Readonly<Record<string, unknown>>) => {
  const made = evaluate.make({ checkpoint: 'net.pth', architecture: 'resnet18', attacks, ...settings })
  if (isLeft(made)) throw new Error(describeError(made.left))
  if (made.right.kind !== 'pipeline') throw new Error('evaluate.ts makes no pipeline')
  const planned = made.right.plan.find(({ stage }) => stage === 'attackEval')?.config.attacks
  const list = Array.isArray(planned) ? planned : []
  return new Map(list.map((attack: { readonly name: string }) => [attack.name, attack]))
}

describe('evaluate.ts', () => {
  test.each([
    ['mnist', 0.3, 40, 0.01],
    ['syntheticDigits', 0.3, 40, 0.01],
    ['cifar10', 8 / 255, 10, 2 / 255],
    ['cifar100', 8 / 255, 10, 2 / 255],
  ])('takes the published radius and PGD of %s', (dataset, epsilon, steps, stepSize) => {
    const planned = plannedWith({ dataset })
    for (const name of attacks) expect(planned.get(name)).toMatchObject({ epsilon, norm: 'Linf' })
    for (const name of ['pgd', 'pgd-margin']) expect(planned.get(name)).toMatchObject({ steps, stepSize })
  })

  test('scales the steps of PGD with a radius that is given, also as a quotient', () => {
    for (const epsilon of [4 / 255, '4/255', '0.01568627450980392'])
      expect(plannedWith({ dataset: 'cifar10', epsilon }).get('pgd')).toMatchObject({
        epsilon: 4 / 255,
        steps: 10,
        stepSize: 1 / 255,
      })
  })

  test('rescales where the softmax underflows only if asked to, and only on the cross entropy', () => {
    const planned = plannedWith({ underflow: 'rescale' })
    for (const name of ['fgsm', 'pgd', 'pgd10']) expect(planned.get(name)).toMatchObject({ underflow: 'rescale' })
    for (const name of ['autoattack', 'pgd-margin']) expect(planned.get(name)).not.toHaveProperty('underflow')
    expect(plannedWith({}).get('fgsm')).not.toHaveProperty('underflow')
  })

  test('asks for the radius of L2, for which no preset has one', () => {
    expect(() => plannedWith({ norm: 'L2' })).toThrow('--set epsilon: expected a radius with norm=L2, got none')
    expect(plannedWith({ norm: 'L2', epsilon: 0.5 }).get('pgd')).toMatchObject({ epsilon: 0.5, norm: 'L2' })
  })

  test.each([
    [{ epsilon: '8' }, 'pgd: expected epsilon in (0, 1], got 8; did you mean 8/255?'],
    [
      { mean: '33.3', std: '78.6' },
      'expected normalisation.mean[0] in [0, 1], got 33.3; images are in [0, 1]: did you mean 33.3/255 = 0.1306?',
    ],
    [{ mean: '0.1' }, 'expected normalisation.std to be a list of at least 1, each in [0.0039, 1], got []'],
    [{ std: '0.3' }, 'expected normalisation.mean to be a list of at least 1, each in [0, 1], got []'],
  ])('refuses what cannot be meant: %o', (settings, message) => {
    expect(() => plannedWith({ architecture: 'mnistNet', attacks: ['pgd'], ...settings })).toThrow(message)
  })
})
