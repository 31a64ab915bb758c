/** Whatever takes options refuses unknown ones and wrong values: pipeline files are not always type-checked. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { autoAttack } from '../../src/attacks/autoAttack.js'
import { fgsm } from '../../src/attacks/fgsm.js'
import { pgd } from '../../src/attacks/pgd.js'
import { describeError } from '../../src/dsl/errors.js'
import { blockNoise } from '../../src/math/perturbations.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { adversarial } from '../../src/operators/adversarial.js'
import { attackEval } from '../../src/operators/attackEval.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { earlyStop } from '../../src/operators/earlyStop.js'
import { perturb } from '../../src/operators/perturb.js'
import { train } from '../../src/operators/train.js'
import { vib } from '../../src/operators/vib.js'
import { advPrune } from '../../src/pipelines/advPrune.js'
import { naive } from '../../src/pipelines/naive.js'
import { adam } from '../../src/training/step/adam.js'
import { cosine } from '../../src/training/step/schedule.js'
import { sourceFiles } from '../conventions/project.js'
import { refusalOf } from '../support/refusalOf.js'
import { optionTable } from './optionTable.js'
import { table } from './table.js'

/** A value of an unchecked file. */
const unchecked = <T>(value: unknown): T => value as T

/** Values that some option refuses. */
const candidates: readonly unknown[] = [
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  0.5,
  'retrian',
  '',
  true,
  {},
  [],
  [null],
  function wrong() {},
]

const rows = Object.entries(optionTable)
const values = rows.flatMap(([name, [{ fields }, make]]) =>
  Object.entries(fields).map(([option, field]) => [name, option, field, make] as const),
)

describe.each(rows)('%s', (_name, [{ fields }, make]) => {
  it('accepts what is valid', () => {
    expect(() => make({})).not.toThrow()
  })

  it('refuses an unknown name', () => {
    const { _tag, expected, actual } = refusalOf(() => make({ unheardOf: undefined }))
    expect(_tag).toBe('OptionError')
    expect(expected).toContain(`among ${Object.keys(fields).join(', ')}`)
    expect(actual).toBe('the unknown option "unheardOf"')
  })
})

describe('a wrong value is refused by an error that names the option', () => {
  it.each(values)('%s: %s', (_name, option, field, make) => {
    const wrong = candidates.filter((candidate) => !field.is(candidate))
    expect(wrong).not.toEqual([])
    for (const value of wrong) {
      const { _tag, expected, actual } = refusalOf(() => make({ [option]: value }))
      expect(_tag).toBe('OptionError')
      expect(`${expected}, got ${actual}`).toContain(option)
    }
  })
})

describe('an unknown name is refused', () => {
  it.each([
    ['epochs', { epoch: 0 }],
    ['retrainEpochs', { retrainEpoch: 0 }],
    ['updateEvery', { updateEach: 0 }],
    ['pattern', { pat: 'filter' }],
  ])('with what was meant: %s', (meant, slip) => {
    expect(refusalOf(() => admmMask({ pattern: 'irregular', rate: 4, ...(slip as object) }))).toMatchObject({
      actual: `the unknown option "${Object.keys(slip)[0]}"; did you mean ${meant}?`,
    })
  })

  it('without a guess if none is near', () => {
    expect(refusalOf(() => train({ epochs: 1, ...({ lr: 1 } as object) }))).toMatchObject({
      actual: 'the unknown option "lr"',
    })
  })

  it('by a method, under the name of its stage', () => {
    const mask = { pattern: 'irregular', rate: 4, unheardOf: 1 } as const
    expect(refusalOf(() => advPrune(fgsm({ epsilon: 0.1 }), mask)).stage).toBe('admmMask')
    expect(refusalOf(() => naive(mask)).stage).toBe('magnitudePrune')
  })
})

describe('what was probably meant is part of the error', () => {
  const attack = fgsm({ epsilon: 0.1 })
  const mask = { pattern: 'irregular', rate: 4 } as const

  it.each<readonly [string, () => unknown, string]>([
    [
      'a phase',
      () => distill({ phases: unchecked(['retrian']) }),
      'distill: expected phases[0] among admm, prune, retrain, train, got "retrian"; did you mean retrain?',
    ],
    [
      'an unknown phase',
      () => crossEntropy({ phases: unchecked(['foo']) }),
      'crossEntropy: expected phases[0] among admm, prune, retrain, train, got "foo"',
    ],
    [
      'a phase without its list',
      () => vib({ phases: unchecked('retrain') }),
      'vib: expected phases to be a list of at least 1, each among admm, prune, retrain, train, got "retrain"; write it in [ ]',
    ],
    [
      'a subject',
      () => attackEval([attack], { subjects: unchecked(['befor']) }),
      'attackEval: expected subjects[0] among before, after, got "befor"; did you mean before?',
    ],
    [
      'a layer without its list',
      () => admmMask({ ...mask, exclude: unchecked('fc1') }),
      'admmMask: expected exclude to be a list, each to be the name of a layer, got "fc1"; write it in [ ]',
    ],
    [
      'a pattern',
      () => admmMask({ ...mask, pattern: unchecked('filters') }),
      'admmMask: expected pattern among irregular, filter, column, channel, kernel, n:m (2:4) and blocks (4x1), got "filters"; did you mean filter?',
    ],
    [
      'an optimizer by its name',
      () => train({ epochs: 1, optimizer: unchecked('adam') }),
      'train: expected optimizer to be an optimizer, such as adam(), got "adam"; write adam()',
    ],
    [
      'an optimizer that was not called',
      () => train({ epochs: 1, optimizer: unchecked(adam) }),
      'train: expected optimizer to be an optimizer, such as adam(), got the function adam; call it: adam()',
    ],
    [
      'a schedule in an optimizer’s place',
      () => admmMask({ ...mask, retrain: { optimizer: unchecked(cosine()) } }),
      'admmMask: expected retrain.optimizer to be an optimizer, such as adam(), got cosine(…); cosine is a schedule: write schedule: cosine()',
    ],
    [
      'an attack without its list',
      () => attackEval(unchecked(autoAttack({ epsilon: 0.3 }))),
      'attackEval: expected attacks to be a list, each to be an attack, such as autoAttack({ … }), got autoattack(…); write it in [ ]',
    ],
    [
      'noise in an attack’s place',
      () => adversarial(unchecked(blockNoise({ epsilon: 0.3 }))),
      'adversarial: expected attack to be an attack, such as pgd({ … }), or a function from an epoch to one, got blockNoise(…); blockNoise is noise: write perturb(blockNoise({ … }))',
    ],
    [
      'noise of an epoch in an attack’s place',
      () => adversarial(unchecked(() => blockNoise({ epsilon: 0.3 }))),
      'adversarial: expected attack of epoch 0 to be an attack, such as pgd({ … }), got blockNoise(…); blockNoise is noise: write perturb(blockNoise({ … }))',
    ],
    [
      'an attack in noise’s place',
      () => perturb(unchecked(attack)),
      'perturb: expected noise to be noise, such as blockNoise({ … }), or a function from an epoch to one, got fgsm(…); fgsm is an attack: write adversarial(fgsm({ … }))',
    ],
    [
      'several attacks in the place of one',
      () => earlyStop(unchecked(autoAttack({ epsilon: 0.3 }))),
      'earlyStop: expected attack to be an attack, such as pgd({ … }), got autoattack(…); autoattack is several attacks: attackEval([ … ]) takes it',
    ],
    [
      'an attack that was not called',
      () => adversarial(unchecked(pgd)),
      'adversarial: expected attack to be an attack, such as pgd({ … }), or a function from an epoch to one, got the function pgd; call it: pgd()',
    ],
    ['something else than options', () => distill(unchecked(5)), 'distill: expected options in { … }, got 5'],
  ])('%s', (_what, act, message) => {
    expect(describeError(refusalOf(act))).toBe(message)
  })
})

describe('every declaration is tried', () => {
  it('of all that src declares', () => {
    const declared = sourceFiles().flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^export const (\w+Options) = declareOptions\(/gm)].map(
        ([, name = '']) => name,
      ),
    )
    expect(declared.length).toBeGreaterThan(30)
    expect(declared.filter((name) => !Object.hasOwn(optionTable, name))).toEqual([])
  })

  it('by every operator that takes options', () => {
    const without = ['metric', 'initialise', 'shrink']
    const missing = Object.keys(table).filter(
      (name) => !without.includes(name) && !Object.hasOwn(optionTable, `${name}Options`),
    )
    expect(missing).toEqual([])
  })
})
