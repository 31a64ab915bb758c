/** The order of stages is checked at run time, too: no compiler checks a pipeline file. */
import { map, type OperatorFunction } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { makePipeline } from '../../src/dsl/pipeline/makePipeline.js'
import type { Step } from '../../src/dsl/step.js'
import { attackEval } from '../../src/operators/attackEval.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { initialise } from '../../src/operators/initialise.js'
import { shrink } from '../../src/operators/shrink.js'
import { fakeSource } from '../runtime/fakes.js'
import { tinyNet } from '../support/context.js'
import type { AnyStage } from './table.js'
import { rows } from './table.js'

const start = () =>
  makePipeline('order', fakeSource, () => {
    throw new Error('this pipeline is not run')
  })

const refusalOf = (act: () => unknown): string => {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof PwoaFailure) return `${thrown.error._tag} ${thrown.message}`
    throw thrown
  }
  return 'none'
}

describe.each(rows)('%s', (name, { make, earlier, adds }) => {
  const inOrder: readonly AnyStage[] = [...earlier('t.pth'), make('t.pth')]

  it('is accepted after the stages that it needs', () => {
    const whole = inOrder.reduce((pipeline, stage) => pipeline.pipe(stage), start())
    expect(whole.plan.map(({ stage }) => stage)).toEqual(inOrder.map(({ info }) => info.stage))
    expect(whole.plan.at(-1)).toMatchObject({ stage: name, adds })
  })

  it('is refused without them, before anything runs', () => {
    const stage = make('t.pth')
    const [need] = stage.info.needs
    const expected =
      need === undefined ? 'none' : `OptionError ${name}: expected an earlier stage that adds "${need}", got none`
    expect(refusalOf(() => start().pipe(stage))).toBe(expected)
  })
})

it('a plain operator appears in the plan, without needs', () => {
  const { plan } = start().pipe(map((step) => step))
  expect(plan).toEqual([{ stage: 'rxjs', config: {}, needs: [], adds: [] }])
})

describe('a stage that was not called', () => {
  // As in a file that no compiler has seen.
  const piped = (stage: unknown) => start().pipe(initialise(tinyNet), stage as OperatorFunction<Step, Step>)

  it.each([
    [shrink, 'pipe: expected operator 2 to return an Observable, got the stage shrink; call it: shrink()'],
    [
      crossEntropy,
      'crossEntropy: expected options in { … }, got the steps of the pipeline; call the stage: write ( ) after its name',
    ],
    [
      attackEval,
      'attackEval: expected attacks to be a list, each to be an attack, such as autoAttack({ … }), got the steps of the pipeline; call the stage: write ( ) after its name',
    ],
  ])('is refused at once, before there is a plan: %o', (stage, message) => {
    expect(refusalOf(() => piped(stage))).toBe(`OptionError ${message}`)
  })

  it('and so is initialise, by what its network can be', () => {
    expect(refusalOf(() => piped(initialise))).toMatch(
      /^OptionError initialise: expected network .* got the steps of the pipeline; call the stage/,
    )
  })

  it('and so is a function that returns something else', () => {
    expect(refusalOf(() => piped(() => 5))).toBe('OptionError pipe: expected operator 2 to return an Observable, got 5')
  })

  it('and so is anything that is not a function', () => {
    expect(refusalOf(() => piped(undefined))).toBe(
      'OptionError pipe: expected operator 2 to be a function, got nothing',
    )
  })
})
