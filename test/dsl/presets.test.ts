import { expect, test } from 'vitest'
import { presetAt, presets } from '../../src/index.js'

test('a preset for another ε has the steps of PGD in proportion, and all else as it is', () => {
  const { cifar10 } = presets
  const { epsilon, pgd, matchJacobian, ...others } = presetAt(cifar10, 2 / 255)
  expect([epsilon, matchJacobian]).toEqual([2 / 255, { ...cifar10.matchJacobian, epsilon: 2 / 255 }])
  expect(pgd).toEqual({ epsilon: 2 / 255, steps: 10, stepSize: expect.closeTo(0.5 / 255, 12) })
  expect({ ...cifar10, ...others }).toEqual(cifar10)
  expect(presetAt(cifar10)).toEqual(cifar10)
})
