import { describe, expect, test } from 'vitest'
import { pgd } from '../../src/attacks/pgd.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { distill } from '../../src/operators/distill.js'
import { hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { matchJacobian } from '../../src/operators/matchJacobian.js'
import { trades } from '../../src/operators/trades.js'
import { train } from '../../src/operators/train.js'
import { presetNames, presets } from '../../src/pipelines/presets.js'

describe.each(presetNames)('the preset of %s', (name) => {
  const preset = presets[name]

  test('is accepted by the stages whose names its parts have', () => {
    const stages = [
      distill(preset.distill),
      hsicRegularize(preset.hsicRegularize),
      admmMask({ pattern: 'irregular', rate: 4, ...preset.admmMask }),
      matchJacobian(preset.matchJacobian),
      trades(pgd(preset.pgd), preset.trades),
      train({ epochs: 1, ...preset.train }),
    ]
    expect(stages.map(({ info }) => info.stage)).toEqual([
      'distill',
      'hsicRegularize',
      'admmMask',
      'matchJacobian',
      'trades',
      'train',
    ])
  })

  test('evaluates with the published PGD', () => {
    const isDigits = name === 'mnist' || name === 'syntheticDigits'
    const [epsilon, steps, stepSize] = isDigits ? [0.3, 40, 0.01] : [8 / 255, 10, 2 / 255]
    expect(preset.epsilon).toBe(epsilon)
    expect(preset.pgd).toMatchObject({ epsilon, steps })
    expect(preset.pgd.stepSize).toBeCloseTo(stepSize, 12)
  })

  test('augments photographs, and not digits', () => {
    const { config } = preset.data({ batchSize: 64 })
    expect(config.batchSize).toBe(64)
    const names = Array.isArray(config.augment) ? config.augment.map((one: { name: string }) => one.name) : []
    expect(names).toEqual(name.startsWith('cifar') ? ['randomCrop', 'horizontalFlip'] : [])
  })
})

test('CIFAR-100 has weights of its own', () => {
  expect(presets.cifar100).toMatchObject({
    classes: 100,
    distill: { alpha: 100 },
    hsicRegularize: { lambdaX: 5e-7, lambdaY: 2e-6 },
  })
})
