import { isLeft } from 'fp-ts/lib/Either.js'
import { expect, test } from 'vitest'
import robustTraining from '../../pipelines/robustTraining.js'
import { describeError } from '../../src/dsl/errors.js'

test.each([
  ['mnist', 'mnistNet', 0.3],
  ['cifar10', 'resnet18', 8 / 255],
  ['cifar100', 'resnet18', 8 / 255],
])('robustTraining.ts on %s trains a %s against its ε', (dataset, architecture, epsilon) => {
  const made = robustTraining.make({ dataset, methods: ['adversarial'] })
  if (isLeft(made)) throw new Error(describeError(made.left))
  if (made.right.kind !== 'sweep') throw new Error('robustTraining.ts makes no sweep')
  const stages = new Map(made.right.points[0]?.pipeline.plan.map(({ stage, config }) => [stage, config]))
  expect(stages.get('initialise')).toMatchObject({ architecture })
  expect(stages.get('attackEval')?.attacks).toContainEqual(expect.objectContaining({ name: 'fgsm', epsilon }))
})
