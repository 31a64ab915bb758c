import fc from 'fast-check'
import {
  concatMap,
  delay,
  filter,
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  mergeMap,
  type Observable,
  of,
  Subject,
  take,
  tap,
  timer,
  toArray,
} from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { RunContext } from '../../src/dsl/context.js'
import { type Lease, lend } from '../../src/dsl/lend.js'
import { asynchronous } from '../../src/dsl/stages/asynchronous.js'
import type { Minibatch, Step } from '../../src/dsl/step.js'

interface Lent {
  readonly index: number
  readonly lease: Lease
}

/** A lending source that counts how many values are on loan, now and at most, and how often each was freed. */
const lender = (count: number) => {
  const freed: number[] = []
  const books = { out: 0, most: 0, freed }
  const source = lend<Lent>((index, lease) => {
    if (index === count) return undefined
    books.out += 1
    books.most = Math.max(books.most, books.out)
    freed[index] = 0
    return {
      value: { index, lease },
      free: () => {
        books.out -= 1
        freed[index] = (freed[index] ?? 0) + 1
      },
    }
  })
  return { books, source }
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

describe('lend', () => {
  test('at most one value is on loan, and each is freed exactly once, however it is held', async () => {
    const holders = fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(holders, async (plan) => {
        const { books, source } = lender(plan.length)
        const seen: number[] = []
        await lastValueFrom(
          source.pipe(
            tap(({ index, lease }) => {
              seen.push(index)
              for (const wait of plan[index] ?? []) {
                const letGo = lease.hold()
                void turns(wait).then(() => {
                  expect(lease.over()).toBe(false)
                  letGo()
                  letGo()
                })
              }
            }),
          ),
        )
        expect(seen).toEqual(plan.map((_, index) => index))
        expect(books).toEqual({ out: 0, most: 1, freed: plan.map(() => 1) })
      }),
      { numRuns: 30 },
    )
  })

  test('waits for the last holder', async () => {
    const { books, source } = lender(2)
    const letGo: (() => void)[] = []
    const seen: number[] = []
    const done = lastValueFrom(
      source.pipe(
        tap(({ index, lease }) => {
          seen.push(index)
          if (index === 0) letGo.push(lease.hold(), lease.hold())
        }),
      ),
    )
    await turns(5)
    letGo[0]?.()
    letGo[0]?.()
    await turns(5)
    expect(seen).toEqual([0])
    expect(books.out).toBe(1)
    letGo[1]?.()
    await done
    expect(seen).toEqual([0, 1])
  })

  test('an early, a late and an unsubscription during next free the loan', async () => {
    const during = lender(10)
    await lastValueFrom(during.source.pipe(take(3)))
    await turns(3)
    expect(during.books).toMatchObject({ out: 0, freed: [1, 1, 1] })

    const held = lender(10)
    const subscription = held.source.subscribe(({ lease }) => void lease.hold())
    await turns(4)
    expect(held.books.out).toBe(1)
    subscription.unsubscribe()
    await turns(2)
    expect(held.books).toMatchObject({ out: 0, freed: [1] })

    const never = lender(10)
    never.source.subscribe().unsubscribe()
    await turns(3)
    expect(never.books.freed).toEqual([])
  })

  test('the value can be read until next has returned, even after unsubscription', async () => {
    const { source } = lender(3)
    const over: boolean[] = []
    const first = await firstValueFrom(source.pipe(tap(({ lease }) => void over.push(lease.over()))))
    await turns(2)
    expect(over).toEqual([false])
    expect(first.lease.over()).toBe(true)
  })

  test('an error downstream frees the loan, and so does a callback that throws', async () => {
    const { books, source } = lender(3)
    const boom = source.pipe(
      map(() => {
        throw new Error('boom')
      }),
    )
    await expect(lastValueFrom(boom)).rejects.toThrow('boom')
    await turns(3)
    expect(books).toMatchObject({ out: 0, freed: [1] })
  })

  test('an exception in make becomes the error of the stream', async () => {
    const source = lend(() => {
      throw new Error('no more')
    })
    await expect(lastValueFrom(source)).rejects.toThrow('no more')
  })

  test('is cold: each subscriber gets its own', async () => {
    const { source } = lender(2)
    const both = [lastValueFrom(source.pipe(toArray())), lastValueFrom(source.pipe(toArray()))]
    for (const values of await Promise.all(both)) expect(values.map(({ index }) => index)).toEqual([0, 1])
  })
})

const stepOf = ({ index, lease }: Lent): Step => ({
  run: {} as RunContext,
  minibatch: { batch: index, hold: lease.hold } as Minibatch,
})

describe('asynchronous', () => {
  const delays: readonly (readonly [string, (source: Observable<Step>) => Observable<Step>])[] = [
    ['delay', delay(1)],
    ['concatMap to a timer', concatMap((step: Step) => timer(1).pipe(map(() => step)))],
    ['mergeMap to a promise', mergeMap((step: Step) => from(Promise.resolve(step)))],
    ['nothing at all', map((step: Step) => step)],
  ]

  test.each(delays)('%s: the source waits, memory does not grow, and the order is kept', async (_name, operator) => {
    const { books, source } = lender(6)
    const out: number[] = []
    const seen = await lastValueFrom(
      source.pipe(
        map(stepOf),
        asynchronous(operator),
        map(({ minibatch }) => minibatch.batch),
        tap(() => void out.push(books.out)),
        toArray(),
      ),
    )
    expect(seen).toEqual([0, 1, 2, 3, 4, 5])
    expect(out).toEqual([1, 1, 1, 1, 1, 1])
    expect(books).toEqual({ out: 0, most: 1, freed: [1, 1, 1, 1, 1, 1] })
  })

  test('lets go of all minibatches on an error and on unsubscription', async () => {
    const failing = lender(3)
    const boom = failing.source.pipe(
      map(stepOf),
      asynchronous((steps) =>
        steps.pipe(
          mergeMap(() =>
            timer(1).pipe(
              map((): Step => {
                throw new Error('boom')
              }),
            ),
          ),
        ),
      ),
    )
    await expect(lastValueFrom(boom)).rejects.toThrow('boom')
    await turns(3)
    expect(failing.books.out).toBe(0)

    const left = lender(3)
    const never = new Subject<Step>()
    const subscription = left.source
      .pipe(
        map(stepOf),
        asynchronous((steps) => steps.pipe(concatMap(() => never))),
      )
      .subscribe()
    await turns(4)
    expect(left.books.out).toBe(1)
    subscription.unsubscribe()
    await turns(3)
    expect(left.books.out).toBe(0)
  })

  test('an empty source completes', async () => {
    expect(
      await lastValueFrom(
        of<Step>().pipe(
          filter(() => true),
          asynchronous(delay(1)),
          toArray(),
        ),
      ),
    ).toEqual([])
  })
})
