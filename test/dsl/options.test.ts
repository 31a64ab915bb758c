import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { pgd } from '../../src/attacks/pgd.js'
import { drawnNamed, drawnRadius } from '../../src/dsl/kit/radius.js'
import { declareOptions, readArgument } from '../../src/dsl/options/declare.js'
import {
  callback,
  choice,
  either,
  epsilon,
  flag,
  list,
  made,
  number,
  positive,
  radius,
  record,
  text,
  whole,
} from '../../src/dsl/options/kinds.js'
import { refusalOf } from '../support/refusalOf.js'

const decay = declareOptions('decay', {
  initial: positive(),
  growth: positive().default(1.35),
})
const noise = (name: string) => ({ name, config: { epsilon: 0.1 }, draw: () => 0 })
const aNoise = made<ReturnType<typeof noise>>('a noise, such as blockNoise({ … })', (value) => 'draw' in value)
const aRate = number({ least: 1 })
const rates = record(aRate)
const rate = either('a number or a rate per layer', [aRate, rates], (value) => {
  if (typeof value === 'number') return aRate
  return typeof value === 'object' ? rates : undefined
})
const stage = declareOptions('stage', {
  temperature: positive().default(30),
  phases: list(choice(['admm', 'retrain']), { least: 1 }).default(['admm', 'retrain']),
  epochs: whole(0, { unit: 'epochs' }),
  rho: decay.asOption().optional('none'),
  noise: aNoise.optional('none'),
  rate: rate.default(4),
  radius: epsilon().optional('none'),
  title: text().optional('none'),
  shout: flag().default(false),
  log: callback<(line: string) => void>('a function of a line').optional('nothing is logged'),
})

const refused = (options: unknown) => {
  const { expected, actual } = refusalOf(() => stage.read(options))
  return `${expected}; got ${actual}`
}

describe('options that are read', () => {
  it('have their given values and defaults', () => {
    const { rho, ...rest } = stage.read({ epochs: 3, temperature: undefined, rho: { initial: 0.5, growth: undefined } })
    expect(rest).toEqual({ temperature: 30, phases: ['admm', 'retrain'], epochs: 3, rate: 4, shout: false })
    expect(rho).toStrictEqual({ initial: 0.5 })
  })

  it('are encoded for a plan, each by its kind', () => {
    const values = stage.read({ epochs: 0, noise: noise('blockNoise'), log: () => undefined, rate: { fc1: 2 } })
    expect(stage.config(values)).toStrictEqual({
      temperature: 30,
      phases: ['admm', 'retrain'],
      epochs: 0,
      noise: { name: 'blockNoise', epsilon: 0.1 },
      rate: { fc1: 2 },
      shout: false,
    })
  })
})

describe('options that are refused', () => {
  it.each<readonly [string, unknown, string]>([
    ['nothing', undefined, 'options in { … }; got nothing'],
    ['a list', [], 'options in { … }; got []'],
    ['an unknown name', { epochs: 1, temprature: 2 }, 'the unknown option "temprature"; did you mean temperature?'],
    ['a missing one', {}, 'epochs to be a whole number >= 0; got nothing'],
    ['a number out of bounds', { epochs: 1, temperature: 0 }, 'temperature > 0; got 0'],
    ['a number as text', { epochs: '1' }, 'epochs to be a whole number >= 0; got "1"'],
    ['NaN', { epochs: 1, temperature: Number.NaN }, 'temperature > 0; got NaN'],
    ['a radius over 1', { epochs: 1, radius: 8 }, 'radius in (0, 1]; got 8'],
    ['a word in a list', { epochs: 1, phases: ['admm', 'retrian'] }, 'phases[1] among admm, retrain; got "retrian"'],
    ['a near word', { epochs: 1, phases: ['retrian'] }, 'did you mean retrain?'],
    ['an item without its list', { epochs: 1, phases: 'admm' }, 'got "admm"; write it in [ ]'],
    ['an empty list', { epochs: 1, phases: [] }, 'phases to be a list of at least 1, each among admm, retrain; got []'],
    ['an option within', { epochs: 1, rho: { initial: -1 } }, 'rho.initial > 0; got -1'],
    [
      'an unknown name within',
      { epochs: 1, rho: { inital: 1 } },
      'options of rho among initial, growth; got the unknown',
    ],
    ['what is not made', { epochs: 1, noise: {} }, 'noise to be a noise, such as blockNoise({ … }); got {}'],
    ['a factory', { epochs: 1, noise: noise }, 'got the function noise; call it: noise()'],
    ['a kind of a value', { epochs: 1, rate: { fc1: 0.5 } }, 'rate.fc1 >= 1; got 0.5'],
    ['no kind of it', { epochs: 1, rate: 'half' }, 'rate to be a number or a rate per layer; got "half"'],
    ['an empty text', { epochs: 1, title: ' ' }, 'title to be a text that is not empty; got " "'],
    ['a truth as text', { epochs: 1, shout: 'yes' }, 'shout to be true or false; got "yes"'],
    ['a text for a function', { epochs: 1, log: 'x' }, 'log to be a function of a line; got "x"'],
    ['the steps', of(1), 'options in { … }; got the steps of the pipeline; call the stage: write ( ) after its name'],
  ])('%s', (_what, options, words) => {
    expect(refused(options)).toContain(words)
  })

  it('as an argument before the options', () => {
    const { expected, actual } = refusalOf(() => readArgument('perturb', 'the first argument', aNoise, noise))
    expect(`${expected}; got ${actual}`).toBe(
      'the first argument to be a noise, such as blockNoise({ … }); got the function noise; call it: noise()',
    )
  })
})

describe('a radius', () => {
  const attack = declareOptions('attack', { epsilon: epsilon(), stepSize: radius({ above: 0 }).default(2 / 255) })

  it.each([
    [8 / 255, 8 / 255],
    ['8/255', 8 / 255],
    [' 8 / 255 ', 8 / 255],
    ['0.03', 0.03],
    ['1e-2', 0.01],
  ])('is a number or a quotient as text: %o', (given, expected) => {
    const read = attack.read({ epsilon: given, stepSize: given })
    expect(read).toEqual({ epsilon: expected, stepSize: expected })
    expect(attack.config(read)).toEqual({ epsilon: expected, stepSize: expected })
  })

  it.each(['8/0', '8/', '/255', '1/2/3', 'eight', '', '-8/255', '510/255', Number.NaN])('is not %o', (given) => {
    expect(refusalOf(() => attack.read({ epsilon: given }))).toMatchObject({ expected: 'epsilon in (0, 1]' })
  })

  it('in pixels of 0 to 255 is refused with what was meant', () => {
    expect(refusalOf(() => attack.read({ epsilon: 8 }))).toMatchObject({ actual: '8; did you mean 8/255?' })
    const steps = (stepSize: number) => () => pgd({ epsilon: 0.1, steps: 2, stepSize })
    expect(refusalOf(steps(2))).toMatchObject({
      expected: 'stepSize in (0, 1]',
      actual: '2; did you mean 2/255?',
    })
    expect(() => pgd({ epsilon: 3, steps: 2, stepSize: 2, norm: 'L2' })).not.toThrow()
  })

  it.each([
    [8 / 255, '8/255'],
    [0.5 * (4 / 255), '2/255'],
    [0.3, '0.3'],
    [0.2, '0.2'],
    [1, '1'],
    [0.1 / 3, String(0.1 / 3)],
    [1e-8, '1e-8'],
    [128 / 255, '128/255'],
  ])('of %d is shown as %s', (value, text) => {
    expect(drawnRadius(value)).toBe(text)
    expect(drawnNamed('epsilon', value)).toBe(text)
    expect(drawnNamed('stepSize', value)).toBe(text)
    expect(drawnNamed('rate', value)).toBe(String(value))
  })
})
