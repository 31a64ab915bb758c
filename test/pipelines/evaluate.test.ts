import { isLeft } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import evaluate from '../../pipelines/evaluate.js'
import { describeError } from '../../src/dsl/errors.js'

const attacks = ['autoattack', 'fgsm', 'pgd', 'pgd-margin', 'pgd10']

/** The stages of the plan. */
const stagesWith = (settings: Readonly<Record<string, unknown>>) => {
  const made = evaluate.make({ checkpoint: 'net.pth', architecture: 'resnet18', attacks, ...settings })
  if (isLeft(made)) throw new Error(describeError(made.left))
  if (made.right.kind !== 'pipeline') throw new Error('evaluate.ts makes no pipeline')
  return made.right.plan
}

/** The attacks of the plan, by name. */
const plannedWith = (settings: Readonly<Record<string, unknown>>) => {
  const planned = stagesWith(settings).find(({ stage }) => stage === 'attackEval')?.config.attacks
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
    ['imagenet', 'imagenet'],
    [' none', 'none'],
    ['0.5,0.25,0.75, 51/255,0.5,0.5', { mean: [0.5, 0.25, 0.75], std: [0.2, 0.5, 0.5] }],
    [
      { mean: [0.5], std: [1] },
      { mean: [0.5], std: [1] },
    ],
  ])('takes a normalisation by name or numbers: %o', (normalisation, planned) => {
    const architecture = typeof planned === 'object' && planned.mean.length === 1 ? 'mnistNet' : 'resnet18'
    expect(stagesWith({ normalisation, architecture })[0]?.config).toMatchObject({ normalisation: planned })
  })

  test.each([
    [{ epsilon: '8' }, 'pgd: expected epsilon in (0, 1], got 8; did you mean 8/255?'],
    [
      { normalisation: '33.3,78.6' },
      'expected normalisation.mean[0] in [0, 1], got 33.3; images are in [0, 1]: did you mean 33.3/255 = 0.1306?',
    ],
    [
      { normalisation: '0.1,0.2,0.3' },
      '--set normalisation: expected cifar10, cifar100, imagenet, mnist, none, or the mean of each channel and then the std',
    ],
    [{ normalisation: 'cifar' }, 'got "cifar"'],
    [{ normalisation: 'cifar10' }, 'a mean for each of 1 channels'],
  ])('refuses what cannot be meant: %o', (settings, message) => {
    expect(() => plannedWith({ architecture: 'mnistNet', attacks: ['pgd'], ...settings })).toThrow(message)
  })
})
