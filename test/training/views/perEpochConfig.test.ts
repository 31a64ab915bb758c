import { describe, expect, it } from 'vitest'
import { fgsm } from '../../../src/attacks/fgsm.js'
import { pgd } from '../../../src/attacks/pgd.js'
import { syntheticDigits } from '../../../src/io/datasets/digits/syntheticDigits.js'
import { blockNoise, signNoise } from '../../../src/math/perturbations.js'
import { type PerturbationSchedule, perturb } from '../../../src/operators/perturb.js'
import { planOf } from '../../../src/runtime/folder/plan.js'
import { pipeline } from '../../../src/runtime/run/pipeline.js'
import { keyOf } from '../../../src/runtime/sweep/sweepFolder.js'
import { type AttackSchedule, attackConfig } from '../../../src/training/views/attackStep.js'

const configOf = (schedule: PerturbationSchedule) => perturb(schedule).info.config
const keyFor = (schedule: PerturbationSchedule) =>
  keyOf({ pipeline: pipeline('noise', syntheticDigits()).pipe(perturb(schedule)) }, 0)
const noise = (epsilon: number) => blockNoise({ epsilon, blocks: [2] })

describe('a schedule in the plan', () => {
  it('equals that of a constant if it never changes', () => {
    expect(configOf(() => noise(0.1))).toStrictEqual({ noise: 'blockNoise', epsilon: 0.1, blocks: [2], share: 1 })
    expect(configOf(() => noise(0.1))).toStrictEqual(configOf(noise(0.1)))
    expect(keyFor(() => noise(0.1))).toBe(keyFor(noise(0.1)))
    const attack = pgd({ epsilon: 0.3, steps: 2, stepSize: 0.1 })
    expect(attackConfig(() => attack)).toStrictEqual({ attack: 'pgd', ...attack.config })
  })

  it('has each change, with the epoch at which it begins', () => {
    expect(configOf((epoch) => noise(epoch < 1 ? 0.1 : epoch < 7 ? 0.2 : 0.3))).toStrictEqual({
      noise: 'blockNoise',
      epsilon: 0.1,
      blocks: [2],
      share: 1,
      from: { 1: { epsilon: 0.2 }, 7: { epsilon: 0.3 } },
    })
    const mixed: AttackSchedule = (epoch) =>
      epoch < 3 ? pgd({ epsilon: 0.3, steps: 2, stepSize: 0.1 }) : fgsm({ epsilon: 0.3 })
    expect(attackConfig(mixed)).toMatchObject({
      attack: 'pgd',
      from: { 3: { attack: 'fgsm', steps: null, stepSize: null, loss: null, start: null, restarts: null } },
    })
  })

  it('differs if a later epoch differs', () => {
    const keys = [0.2, 0.3].map((later) => keyFor((epoch) => noise(epoch < 1 ? 0.1 : later)))
    const last = keyFor((epoch) => noise(epoch < 199 ? 0.1 : 0.2))
    const kinds = keyFor((epoch) => (epoch < 1 ? noise(0.1) : signNoise({ epsilon: 0.1 })))
    expect(new Set([...keys, last, kinds, keyFor(noise(0.1))]).size).toBe(5)
  })

  it('ends at the first epoch that the schedule refuses', () => {
    expect(configOf((epoch) => noise(0.5 * (epoch + 1))).from).toStrictEqual({ 1: { epsilon: 1 } })
    expect(() => configOf((epoch) => noise(2 - epoch))).toThrow('blockNoise: expected epsilon in (0, 1], got 2')
  })

  it('survives JSON', () => {
    const { stages } = planOf(
      pipeline('noise', syntheticDigits()).pipe(perturb((epoch) => noise(epoch < 2 ? 0.1 : 0.2))),
      0,
    )
    expect(JSON.parse(JSON.stringify(stages))).toStrictEqual(stages)
  })
})
