import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asynchronousHalving,
  bestOf,
  type Halving,
  type HalvingSize,
  type HalvingTask,
  synchronousHalving,
} from '../../src/math/successiveHalving.js'

type Loss = (task: HalvingTask) => number | undefined

/** Runs a search with so many workers; of the tasks under way one that `pick` chooses ends next. Returns the order of begins. */
const carriedOut = (halving: Halving, workers: number, loss: Loss, pick: (count: number) => number): HalvingTask[] => {
  const [begun, running]: [HalvingTask[], HalvingTask[]] = [[], []]
  for (;;) {
    while (running.length < workers) {
      const task = halving.next()
      if (!task) break
      begun.push(task)
      running.push(task)
    }
    if (running.length === 0) return begun
    const [ended] = running.splice(pick(running.length), 1)
    if (ended) halving.report(ended, loss(ended))
  }
}

const named = ({ point, rung }: HalvingTask): string => `${point}@${rung}`

const losses = fc.array(fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined, freq: 8 }), {
  minLength: 1,
  maxLength: 30,
})
const rungsAndFactor = fc.record({ rungs: fc.integer({ min: 0, max: 3 }), factor: fc.integer({ min: 2, max: 4 }) })

describe('successive halving', () => {
  test('keeps the best ⌊n / factorᵏ⌋ points at rung k, whatever the number of workers and the order of ends', () => {
    fc.assert(
      fc.property(
        losses,
        rungsAndFactor,
        fc.integer({ min: 1, max: 8 }),
        fc.infiniteStream(fc.nat()),
        (all, { rungs, factor }, workers, order) => {
          const loss: Loss = ({ point, rung }) => {
            const own = all[point]
            return own === undefined ? undefined : (own * (rung + 3) * 7) % 11
          }
          const size = { points: all.length, factor, rungs }
          const begun = carriedOut(
            synchronousHalving(size),
            workers,
            loss,
            (count) => Number(order.next().value) % count,
          )
          // Algorithm 1 of the paper, as it stands there.
          const expected: string[] = []
          let left = all.map((_, point) => point)
          for (let rung = 0; rung <= rungs; rung++) {
            expected.push(...left.map((point) => named({ point, rung })))
            const kept = Math.floor(Math.floor(all.length / factor ** rung) / factor)
            left = left
              .flatMap((point) => {
                const value = loss({ point, rung })
                return value === undefined ? [] : [{ point, value }]
              })
              .sort((a, b) => a.value - b.value || a.point - b.point)
              .slice(0, kept)
              .map(({ point }) => point)
          }
          expect(begun.map(named).toSorted()).toEqual(expected.toSorted())
        },
      ),
      { seed: 4 },
    )
  })

  test('finds the best of 27 points of a known function in 27 + 9·2 + 3·6 + 18 units of work instead of 27·27', () => {
    // The loss falls with the work as (1 + distance) (1 + 1 / work), so that the order at a rung is that of the end.
    const distance = (point: number): number => Math.abs(((point * 10) % 27) - 13)
    const halving = synchronousHalving({ points: 27, factor: 3, rungs: 3 })
    const begun = carriedOut(
      halving,
      4,
      ({ point, rung }) => (1 + distance(point)) * (1 + 1 / 3 ** rung),
      () => 0,
    )
    const work = begun.reduce((sum, { rung }) => sum + (rung === 0 ? 1 : 3 ** rung - 3 ** (rung - 1)), 0)
    expect(begun.filter(({ rung }) => rung === 3).map(({ point }) => distance(point))).toEqual([0])
    expect(work).toBe(27 + 9 * 2 + 3 * 6 + 18)
  })

  test('shows which points of a rung are out as soon as all have reached it', () => {
    const halving = synchronousHalving({ points: 3, factor: 3, rungs: 1 })
    const tasks = [halving.next(), halving.next(), halving.next()]
    expect(halving.next()).toBeUndefined()
    for (const [index, task] of tasks.entries()) {
      expect(halving.isClosed(0)).toBe(false)
      if (task) halving.report(task, [5, 2, undefined][index])
    }
    expect([halving.isClosed(0), halving.isClosed(1)]).toEqual([true, false])
    expect([0, 1, 2].map((point) => halving.wentOn({ point, rung: 0 }))).toEqual([false, true, false])
    expect([...halving.losses(0)]).toEqual([
      [0, 5],
      [1, 2],
      [2, undefined],
    ])
  })
})

/** Algorithm 2 of the paper, read literally: no state but the results and what was promoted. */
const paperJob = (
  { points, factor, rungs }: HalvingSize,
  results: readonly (readonly { readonly point: number; readonly loss: number }[])[],
  promoted: ReadonlySet<string>,
  begun: number,
): HalvingTask | undefined => {
  for (let k = rungs - 1; k >= 0; k--) {
    const rung = results[k] ?? []
    const sorted = rung.toSorted((a, b) => a.loss - b.loss || a.point - b.point)
    const candidates = sorted.slice(0, Math.floor(rung.length / factor)).filter(({ loss }) => loss < Infinity)
    const promotable = candidates.filter(({ point }) => !promoted.has(named({ point, rung: k })))
    const [first] = promotable
    if (first) return { point: first.point, rung: k + 1 }
  }
  return begun < points ? { point: begun, rung: 0 } : undefined
}

describe('asynchronous successive halving', () => {
  test('takes the decisions of algorithm 2 of the paper after every begin and end', () => {
    fc.assert(
      fc.property(
        losses,
        rungsAndFactor,
        fc.integer({ min: 1, max: 8 }),
        fc.infiniteStream(fc.nat()),
        (all, { rungs, factor }, workers, order) => {
          const size = { points: all.length, factor, rungs }
          const halving = asynchronousHalving(size)
          const results: { point: number; loss: number }[][] = Array.from({ length: rungs + 1 }, () => [])
          const promoted = new Set<string>()
          let begun = 0
          const checked: Halving = {
            ...halving,
            next: () => {
              const expected = paperJob(size, results, promoted, begun)
              const task = halving.next()
              expect(task).toEqual(expected)
              if (task && task.rung > 0) promoted.add(named({ point: task.point, rung: task.rung - 1 }))
              if (task?.rung === 0) begun += 1
              return task
            },
            report: (task, loss) => {
              results[task.rung]?.push({ point: task.point, loss: loss ?? Number.POSITIVE_INFINITY })
              halving.report(task, loss)
            },
          }
          const loss: Loss = ({ point, rung }) => {
            const own = all[point]
            return own === undefined ? undefined : (own * (rung + 3) * 7) % 11
          }
          const tasks = carriedOut(checked, workers, loss, (count) => Number(order.next().value) % count)
          expect(new Set(tasks.map(named)).size).toBe(tasks.length)
          for (const { point, rung } of tasks)
            if (rung > 0) expect(halving.wentOn({ point, rung: rung - 1 })).toBe(true)
        },
      ),
      { seed: 5 },
    )
  })

  test('promotes by what is known so far: the order of ends decides who goes on', () => {
    const wentOn = (order: readonly number[]): readonly number[] => {
      const halving = asynchronousHalving({ points: 4, factor: 2, rungs: 1 })
      const loss: Loss = ({ point }) => order.indexOf(point)
      return carriedOut(halving, 1, loss, () => 0).flatMap(({ point, rung }) => (rung === 1 ? [point] : []))
    }
    expect(wentOn([0, 1, 2, 3])).toEqual([0, 1])
    // Each is better than those before: point 1, which the others leave behind, has gone on too early.
    expect(wentOn([3, 2, 1, 0])).toEqual([1, 2, 3])
  })
})

test('of equal losses the earlier points are the best, and failed ones never are', () => {
  const losses = new Map([
    [3, 1],
    [0, 1],
    [2, undefined],
    [1, 0],
  ])
  expect(bestOf(losses, 2.9)).toEqual([1, 0])
  expect(bestOf(losses, 10)).toEqual([1, 0, 3])
})
