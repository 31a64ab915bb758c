import { expect, it } from 'vitest'
import { linfMoves } from '../../src/attacks/square/squareLinf.js'
import { shareAt } from '../../src/attacks/square/squareMoves.js'
import { describeGolden, readGolden } from '../support/golden.js'

const KEY = 'square_schedule_28x28_c1_p0.8_n5000'

describeGolden('the schedule of Square', () => {
  it('share and side of the square, before and after each halving', () => {
    const schedule = Object.entries(
      readGolden<Record<typeof KEY, Record<string, { p: number; s: number }>>>('autoattack')[KEY],
    )
    const { side } = linfMoves({ height: 28, width: 28, channels: 1 }, 0.3)
    expect(schedule).toHaveLength(16)
    for (const [iteration, { p, s }] of schedule) {
      const share = shareAt(0.8, Number(iteration))
      expect(share, `share in iteration ${iteration}`).toBe(p)
      expect(side(share * 28 * 28), `side in iteration ${iteration}`).toBe(s)
    }
  })
})
