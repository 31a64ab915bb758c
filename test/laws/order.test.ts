/** The order of stages is checked at run time, too: no compiler checks a pipeline file. */
import { map } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { makePipeline } from '../../src/dsl/makePipeline.js'
import { fakeSource } from '../runtime/fakes.js'
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

describe.each(rows)('%s', (name, { make, behind, adds }) => {
  const inOrder: readonly AnyStage[] = [...behind('t.pth'), make('t.pth')]

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
