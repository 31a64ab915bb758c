import { isRight } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import compare from '../../pipelines/compare.js'
import { nonEmpty } from '../support/expectEvery.js'

const natural = ['naive', 'gradual', 'admm', 'hsic-only', 'distill-only', 'pwoa', 'tuned', 'perturbed', 'learned']
const beyond = ['perturbed-learned', 'matched']
const adversarial = ['advPrune', 'apd', 'hydra', 'pwoa-mixed-0.2', 'pwoa-mixed-1']
const rows = [...natural, ...beyond, ...adversarial]

const budget = { epochs: 2, retrainEpochs: 4 }

type Config = Readonly<Record<string, unknown>>

/** Stages of a row by their names, those of a named method among them, without what is around every row. */
const stagesOf = (dataset: string): ReadonlyMap<string, ReadonlyMap<string, Config>> => {
  const methods = ['teacher', ...natural, ...beyond, 'advPrune', 'apd', 'hydra', 'pwoa-mixed']
  const settings = { checkpoints: ['t.pth'], dataset, methods, rates: [4], mixRatios: [0.2, 1], ...budget }
  const made = compare.make(settings)
  if (!isRight(made) || made.right.kind !== 'sweep') throw new Error('compare.ts makes no sweep')
  const around = ['loadTeacher', 'attackEval', 'exportModel']
  return new Map(
    made.right.points.map(({ params, pipeline }) => [
      String(params.method),
      new Map(
        pipeline.plan
          .filter(({ stage }) => !around.includes(stage))
          .flatMap(({ stage, config }): [string, Config][] =>
            named.includes(stage) ? (Object.entries(config) as [string, Config][]) : [[stage, config]],
          ),
      ),
    ]),
  )
}

const named = ['naive', 'pwoa', 'advPrune', 'apd', 'hydra']
const masks = ['admmMask', 'magnitudePrune', 'proximalMask', 'learnedMask']

const maskOf = (stages: ReadonlyMap<string, Config> | undefined): Config => {
  const [mask = {}, ...more] = masks.flatMap((name): Config[] => {
    const config = stages?.get(name)
    return config ? [config] : []
  })
  expect(more).toEqual([])
  return mask
}

const datasets = ['mnist', 'syntheticDigits', 'cifar10', 'cifar100'] as const

describe.each(datasets)('the rows of compare.ts on %s', (dataset) => {
  const stages = stagesOf(dataset)

  test('are the methods that were asked for, the teacher as it is, a row for each mix ratio', () => {
    expect([...stages.keys()].toSorted()).toEqual(['teacher', ...rows].toSorted())
    expect(stages.get('teacher')?.size).toBe(0)
  })

  test.each(rows)('%s prunes at the same rate, without the last layer, with the epochs of all', (row) => {
    const mask = maskOf(stages.get(row))
    expect(mask).toMatchObject({ rate: 4, pattern: 'irregular', exclude: 'last' })
    expect(Number(mask.epochs) + Number(mask.retrainEpochs)).toBe(budget.epochs + budget.retrainEpochs)
    const learned = ['learned', 'perturbed-learned', 'matched'].includes(row)
    expect(mask.rates).toBe(learned ? 'learned' : 'uniform')
  })

  test.each([...natural, ...beyond])('%s sees no adversarial example', (row) => {
    expect([...(stages.get(row)?.keys() ?? [])]).not.toContain('adversarial')
    expect([...(stages.get(row)?.keys() ?? [])]).not.toContain('trades')
  })

  test.each([
    ['naive', ['crossEntropy', 'magnitudePrune']],
    ['gradual', ['crossEntropy', 'magnitudePrune']],
    ['admm', ['crossEntropy', 'admmMask']],
    ['hsic-only', ['crossEntropy', 'hsicRegularize', 'admmMask']],
    ['distill-only', ['distill', 'admmMask']],
    ['pwoa', ['distill', 'hsicRegularize', 'admmMask']],
    ['tuned', ['distill', 'admmMask']],
    ['perturbed', ['perturb', 'distill', 'admmMask']],
    ['learned', ['distill', 'admmMask']],
    ['perturbed-learned', ['perturb', 'distill', 'admmMask']],
    ['matched', ['perturb', 'matchJacobian', 'distill', 'admmMask']],
    ['pwoa-mixed-0.2', ['adversarial', 'distill', 'hsicRegularize', 'admmMask']],
    ['advPrune', ['adversarial', 'crossEntropy', 'admmMask']],
    ['apd', ['adversarial', 'crossEntropy', 'distill', 'proximalMask']],
    ['hydra', ['trades', 'learnedMask']],
  ])('%s is the stages %j', (row, expected) => {
    expect([...(stages.get(row)?.keys() ?? [])]).toEqual(expected)
  })

  test("ablations of the published method have its stages' options", () => {
    const whole = stages.get('pwoa')
    for (const row of ['admm', 'hsic-only', 'distill-only', 'pwoa-mixed-0.2', 'pwoa-mixed-1'])
      for (const [stage, config] of nonEmpty(stages.get(row) ?? []))
        if (whole?.has(stage)) expect(config, `${row} ${stage}`).toEqual(whole.get(stage))
    for (const ratio of [0.2, 1])
      expect(stages.get(`pwoa-mixed-${ratio}`)?.get('adversarial')).toMatchObject({ mixRatio: ratio, mode: 'replace' })
  })

  test("rows beyond it differ by what their names say, from 'tuned'", () => {
    const tuned = stages.get('tuned')
    for (const row of ['perturbed', 'learned', 'perturbed-learned', 'matched']) {
      expect(stages.get(row)?.get('distill')).toEqual(tuned?.get('distill'))
      expect({ ...stages.get(row)?.get('admmMask'), rates: 'uniform' }).toEqual(tuned?.get('admmMask'))
    }
  })

  test('all attack within the radius of the data', () => {
    const epsilon = dataset.startsWith('cifar') ? 8 / 255 : 0.3
    const attacked = ['adversarial', 'trades', 'perturb', 'matchJacobian']
    const radii = [...stages.values()].flatMap((row) => attacked.flatMap((name) => row.get(name)?.epsilon ?? []))
    expect(radii).toHaveLength(9)
    for (const radius of radii) expect(radius).toBeCloseTo(epsilon, 12)
  })
})

// METHOD: temperature, α and λ of the released scripts.
test.each([
  ['mnist', 10, 2e-4, 5e-5, 'adam'],
  ['cifar10', 10, 2e-5, 1e-4, 'sgd'],
  ['cifar100', 100, 5e-7, 2e-6, 'sgd'],
])('the published method on %s has α = %d, λx = %d, λy = %d, and %s', (dataset, alpha, lambdaX, lambdaY, optimizer) => {
  const stages = stagesOf(dataset).get('pwoa')
  expect(stages?.get('distill')).toMatchObject({ temperature: 30, alpha })
  expect(stages?.get('hsicRegularize')).toMatchObject({ lambdaX, lambdaY })
  expect(maskOf(stages)).toMatchObject({
    admm: { optimizer: { name: optimizer } },
    retrain: { optimizer: { name: optimizer } },
  })
})

test.each(datasets)('on %s, retrainings without a recipe of their own have one optimizer', (dataset) => {
  const stages = stagesOf(dataset)
  const optimizers = rows
    .filter((row) => row !== 'hydra')
    .map((row) => {
      const { retrain } = maskOf(stages.get(row)) as { readonly retrain: { readonly optimizer: unknown } }
      return JSON.stringify(retrain.optimizer)
    })
  expect(new Set(optimizers).size).toBe(1)
})
