/** Stages that prune, with patterns of small groups: their masks, and what they refuse. */
import { describe, expect, it } from 'vitest'
import { parametersOf } from '../../src/models/parameters/parameters.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { learnedMask } from '../../src/operators/learnedMask.js'
import { magnitudePrune } from '../../src/operators/magnitudePrune.js'
import { proximalMask } from '../../src/operators/proximalMask.js'
import { collect, fakeRun, normalisedNet } from '../support/context.js'
import { lentSteps } from '../support/steps.js'

const stages = { admmMask, learnedMask, magnitudePrune, proximalMask }

/** How much of each layer with weights the mask keeps in the end. */
const sharesOf = async (name: keyof typeof stages, options: Parameters<typeof admmMask>[0]) => {
  const fake = fakeRun()
  const stream = lentSteps(fake, 8).pipe(initialise(normalisedNet), crossEntropy(), stages[name](options))
  try {
    const students = await collect(stream, ({ student }) => student)
    const { mask } = students.at(-1) ?? {}
    return Object.fromEntries(
      parametersOf(normalisedNet)
        .filter(({ role }) => role === 'weight')
        .map(({ node, offset, size }) => [
          node,
          (mask?.subarray(offset, offset + size).reduce((sum, bit) => sum + bit, 0) ?? 0) / size,
        ]),
    )
  } finally {
    fake.end()
  }
}

const names = Object.keys(stages) as readonly (keyof typeof stages)[]
const epochs = { epochs: 2, retrainEpochs: 1 }

describe.each(names)('%s', (name) => {
  it('has 2:4 and kernel patterns in the layers that can have them', async () => {
    expect(await sharesOf(name, { pattern: '2:4', rate: 2, exclude: ['conv1'], ...epochs })).toEqual({
      conv1: 1,
      conv2: 0.5,
      'shortcut.0': 0.5,
      fc: 0.5,
    })
    expect(await sharesOf(name, { pattern: 'kernel', rate: { conv1: 9 / 4, conv2: 3 }, ...epochs })).toEqual({
      conv1: 4 / 9,
      conv2: 1 / 3,
      'shortcut.0': 1,
      fc: 1,
    })
  })

  it.each([
    ['2:4', 3, ['conv1'], 'a rate of 2 for "conv2", which leaves 2 of 4 weights'],
    ['2:4', 2, [], 'a rate of 1 for "conv1", which leaves it whole: its 1 inputs are not a multiple of 4'],
    ['kernel', 10, [], 'a rate of at most 9 for "conv1", which leaves one weight of each kernel'],
    ['channel', 2, [], 'a rate of 1 for "conv1", which leaves one channel'],
    ['2x3', 7, [], 'a rate of at most 6 for "conv1", which leaves one block'],
  ] as const)('refuses %s at %d without %j', async (pattern, rate, exclude, expected) => {
    await expect(sharesOf(name, { pattern, rate, exclude, ...epochs })).rejects.toMatchObject({
      error: { _tag: 'OptionError', stage: name, expected, actual: `${rate}` },
    })
  })
})
