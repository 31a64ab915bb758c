import fc from 'fast-check'
import { isRight, left, right } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { drawFileHelp } from '../../src/cli/draw/drawFileHelp.js'
import { colorsFor } from '../../src/cli/draw/terminal.js'
import { decodeParameters, param, parameters } from '../../src/dsl/parameters.js'
import { syntheticDigits } from '../../src/io/datasets/digits/syntheticDigits.js'
import { definePipeline } from '../../src/runtime/file/definePipeline.js'
import { pipeline } from '../../src/runtime/run/pipeline.js'
import { nonEmpty } from '../support/expectEvery.js'

const help = 'Help.'
const fields = parameters({
  rate: param.number({ default: 4, unit: '×', min: 1, help }),
  epochs: param.integer({ default: 5, min: 1, max: 100, help }),
  pattern: param.choice(['irregular', 'filter', 'column'], { default: 'irregular', help }),
  attacks: param.list(param.choice(['fgsm', 'pgd'], { help }), { default: ['fgsm'], help }),
  rates: param.list(param.number({ min: 1, help }), { default: [4], min: 1, help }),
  checkpoint: param.text({ help }),
})

const values = fc.record({
  rate: fc.double({ min: 1, noNaN: true, noDefaultInfinity: true }),
  epochs: fc.integer({ min: 1, max: 100 }),
  pattern: fc.constantFrom('irregular' as const, 'filter' as const, 'column' as const),
  attacks: fc.array(fc.constantFrom('fgsm' as const, 'pgd' as const)),
  rates: fc.array(fc.double({ min: 1, noNaN: true, noDefaultInfinity: true }), { minLength: 1 }),
  checkpoint: fc.string(),
})

const decode = (raw: Readonly<Record<string, unknown>>) => decodeParameters(fields, raw)

describe('laws', () => {
  test('decoding is the inverse of encoding', () => {
    fc.assert(fc.property(values, (value) => void expect(decode(fields.encode(value))).toEqual(right(value))))
  })

  test('the text of a value decodes to the value', () => {
    const textOf = (value: unknown): string => String(value)
    fc.assert(
      fc.property(values, (value) => {
        const texts = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, textOf(one)]))
        expect(decode(texts)).toEqual(right(value))
      }),
    )
  })

  test('a decoded value is of the type, and any input decodes or is refused', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), fc.anything(), (others, rate) => {
        const result = decode({ ...others, rate })
        if (isRight(result)) expect(fields.is(result.right)).toBe(true)
        else expect(result.left).toMatchObject({ _tag: 'OptionError', stage: expect.stringMatching(/^--set/) })
      }),
    )
  })
})

describe('errors', () => {
  test.each([
    [{ rate: 'abc' }, '--set rate', 'a number >= 1', '"abc"'],
    [{ rate: '0.5' }, '--set rate', 'a number >= 1', '"0.5"'],
    [{ rate: '' }, '--set rate', 'a number >= 1', '""'],
    [{ rate: '0x10' }, '--set rate', 'a number >= 1', '"0x10"'],
    [{ rate: Number.NaN }, '--set rate', 'a number >= 1', 'NaN'],
    [{ epochs: '2.5' }, '--set epochs', 'a whole number from 1 to 100', '"2.5"'],
    [{ pattern: 'rows' }, '--set pattern', 'one of irregular, filter, column', '"rows"'],
    [{ attacks: 'fgsm,cw' }, '--set attacks', 'a comma list, each one of fgsm, pgd', '"cw" as item 2'],
    [{ attacks: 'fgsm,' }, '--set attacks', 'a comma list, each one of fgsm, pgd', '"" as item 2'],
    [{ attacks: ['cw', 'fgsn'] }, '--set attacks', 'a comma list, each one of fgsm, pgd', '"cw" as item 1'],
    [{ attacks: ['pgd', undefined] }, '--set attacks', 'a comma list, each one of fgsm, pgd', 'nothing as item 2'],
    [{ attacks: 3 }, '--set attacks', 'a comma list, each one of fgsm, pgd', '3'],
    [{ rates: '4,x,y' }, '--set rates', 'a comma list of 1 or more, each a number >= 1', '"x" as item 2'],
    [{ rates: [0.5] }, '--set rates', 'a comma list of 1 or more, each a number >= 1', '0.5 as item 1'],
    [{}, '--set checkpoint', 'a text', 'nothing'],
  ])('%j', (raw, stage, expected, actual) => {
    const given = Object.keys(raw).length === 0 ? raw : { checkpoint: 'x', ...raw }
    expect(decode(given)).toMatchObject({ left: { _tag: 'OptionError', stage, expected, actual } })
  })

  test.each(['toString', '__proto__', 'constructor', 'rat'])('unknown key %s names the nearest', (key) => {
    const raw = JSON.parse(`{ "checkpoint": "x", "${key}": "1" }`) as Record<string, unknown>
    expect(decode(raw)).toMatchObject({
      left: { stage: `--set ${key}`, hint: expect.stringMatching(/^Did you mean \w+\?$/) },
    })
  })

  test.each([
    [{ pattern: 'filters' }, 'Did you mean filter?'],
    [{ attacks: 'pgd,fgsn' }, 'Did you mean fgsm?'],
    [{ attacks: 'pgd,autoattack' }, undefined],
    [{ rates: '4,x' }, undefined],
  ])('a word that is not a choice, %j: %s', (raw, hint) => {
    const text = decode({ checkpoint: 'x', ...raw })
    expect(isRight(text) ? text : text.left.hint).toBe(hint)
  })

  test('a pipeline without parameters refuses all', () => {
    expect(decodeParameters(parameters({}), { rate: 1 })).toMatchObject({ left: { expected: 'no parameters' } })
  })
})

test('a default out of range is refused when the parameter is made', () => {
  expect(() => param.number({ default: 0, min: 1, help })).toThrow(
    'param: expected a default that is a number >= 1, got 0',
  )
})

test('a list that needs a value refuses an empty one', () => {
  const some = parameters({ attacks: param.list(param.choice(['fgsm', 'pgd'], { help }), { min: 1, help }) })
  expect(decodeParameters(some, { attacks: 'pgd' })).toEqual(right({ attacks: ['pgd'] }))
  expect(decodeParameters(some, { attacks: ' ' })).toMatchObject({
    left: { stage: '--set attacks', expected: 'a comma list of 1 or more, each one of fgsm, pgd', actual: '" "' },
  })
})

test('metadata for --help', () => {
  expect(fields.fields.rate?.details).toEqual({ help, expected: 'a number >= 1', unit: '×', default: 4 })
  expect(fields.fields.checkpoint?.details).toEqual({ help, expected: 'a text' })
})

describe('optional', () => {
  const both = parameters({ temperature: param.optional(param.number({ min: 0.1, help }), "the method's own") })

  test('is undefined if left out, and checked if given', () => {
    expect(decodeParameters(both, {})).toEqual(right({ temperature: undefined }))
    expect(decodeParameters(both, { temperature: '10' })).toEqual(right({ temperature: 10 }))
    expect(decodeParameters(both, { temperature: '0' })).toMatchObject({
      left: { stage: '--set temperature', expected: 'a number >= 0.1', actual: '"0"' },
    })
  })

  test('a list is undefined if left out, and may be empty; the error names the wrong item', () => {
    const layers = param.list(param.choice(['conv1', 'fc1', 'fc2'], { help }), { help })
    const fields = parameters({ exclude: param.optional(layers, 'the last one') })
    expect(decodeParameters(fields, {})).toEqual(right({ exclude: undefined }))
    expect(decodeParameters(fields, { exclude: '' })).toEqual(right({ exclude: [] }))
    expect(decodeParameters(fields, { exclude: 'conv1, fc1' })).toEqual(right({ exclude: ['conv1', 'fc1'] }))
    expect(decodeParameters(fields, { exclude: 'fc1,fc3' })).toMatchObject({
      left: { stage: '--set exclude', actual: '"fc3" as item 2', hint: 'Did you mean fc1?' },
    })
    const definition = definePipeline(fields, () => pipeline('x', syntheticDigits({ train: 10, test: 10 })))
    const text = drawFileHelp('p.ts', definition, colorsFor({}))
    expect(text).toContain('a comma list, each one of conv1, fc1, fc2, default the last one\n')
  })

  test('long lists of words are wrapped at 100 characters, and no word is lost', () => {
    const words = Array.from({ length: 40 }, (_, index) => `word${index}`)
    const fields = parameters({
      words: param.list(param.choice(words, { help }), { default: words, help: `${'long '.repeat(40)}help.` }),
    })
    const definition = definePipeline(fields, () => pipeline('x', syntheticDigits({ train: 10, test: 10 })))
    const lines = drawFileHelp('p.ts', definition, colorsFor({})).split('\n')
    for (const line of nonEmpty(lines)) expect(line.length, line).toBeLessThanOrEqual(100)
    const text = lines.map((line) => line.trim()).join(' ')
    expect(text).toContain(`each one of ${words.join(', ')}, default`)
    expect(text.replaceAll(', ', ',')).toContain(`default ${words.join(',')}`)
  })
})

describe('a radius', () => {
  const codec = parameters({ epsilon: param.number({ default: 8 / 255, min: 0.0001, max: 1, help }) })

  test.each([
    ['8/255', 8 / 255],
    ['16 / 255', 16 / 255],
    ['0.3', 0.3],
  ])('is read from %s', (epsilon, expected) => {
    expect(decodeParameters(codec, { epsilon })).toEqual(right({ epsilon: expected }))
  })

  test('is shown as a quotient in the help', () => {
    const file = definePipeline(codec, () => pipeline('p', syntheticDigits()))
    expect(drawFileHelp('p.ts', file, colorsFor({}))).toContain('a number from 0.0001 to 1, default 8/255')
  })

  test('in pixels of 0 to 255 is refused with what was meant', () => {
    expect(decodeParameters(codec, { epsilon: '8' })).toEqual(
      left({
        _tag: 'OptionError',
        stage: '--set epsilon',
        expected: 'a number from 0.0001 to 1',
        actual: '"8"',
        hint: 'Did you mean 8/255?',
      }),
    )
  })
})
