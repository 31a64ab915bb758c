/** How long an attack takes, by a clock that the attack itself moves. */
import type { Tensor4D } from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import type { Attack, AttackInput, Perturbing } from '../../../src/attacks/common/attack.js'
import { timeAttack } from '../../../src/attacks/evaluation/timeAttack.js'

/** Steps of an attack: how many seconds each takes, and the share of the work that is then done. */
type Steps = readonly (readonly [seconds: number, share: number])[]

const setUp = (steps: Steps, last: number) => {
  const controller = new AbortController()
  const seen = { runs: 0, steps: 0, freed: 0, disposed: 0 }
  let now = 100
  const result = { dispose: () => void seen.disposed++ } as unknown as Tensor4D
  function* perturb(): Perturbing {
    seen.runs++
    try {
      for (const [seconds, share] of steps) {
        now += seconds
        seen.steps++
        yield share
      }
      now += last
      return result
    } finally {
      seen.freed++
    }
  }
  const attack: Attack = { name: 'steps', config: {}, norm: 'Linf', epsilon: 0.1, perturb }
  const time = () => timeAttack(attack, { input: {} as AttackInput, signal: controller.signal, clock: () => now })
  return { time, seen, controller }
}

describe('the time of an attack', () => {
  test('of a short one is that of its second run, in which nothing is made for the first time', async () => {
    const { time, seen } = setUp([[0.2, 0.5]], 0.2)
    expect(await time()).toBeCloseTo(0.4, 12)
    expect(seen).toEqual({ runs: 2, steps: 2, freed: 2, disposed: 2 })
  })

  test('of a long one is extrapolated from its steps after the first', async () => {
    const steps: Steps = Array.from({ length: 100 }, (_, i) => [i === 0 ? 30 : 1, (i + 1) / 100])
    const { time, seen } = setUp(steps, 0)
    expect(await time()).toBeCloseTo(100, 9)
    expect(seen).toEqual({ runs: 1, steps: 3, freed: 1, disposed: 0 })
  })

  test('needs progress: a share that stands still is not divided by', async () => {
    const { time, seen } = setUp(
      [
        [1, 0.1],
        [1, 0.1],
        [1, 0.1],
        [1, 0.2],
      ],
      0,
    )
    expect(await time()).toBeCloseTo(30, 9)
    expect(seen.steps).toBe(4)
  })

  test('ends when the run is stopped, and frees the attack', async () => {
    const { time, seen, controller } = setUp(
      [
        [0.1, 0.1],
        [0.1, 0.2],
      ],
      0.1,
    )
    controller.abort(new Error('stopped'))
    await expect(time()).rejects.toThrow('stopped')
    expect(seen).toEqual({ runs: 1, steps: 1, freed: 1, disposed: 0 })
  })
})
