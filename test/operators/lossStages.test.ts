/** Marble tests of the stages that add to each step, on steps without tensors. */
import { EMPTY, Observable, Subject } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { describe, expect, it } from 'vitest'
import type { RunContext } from '../../src/dsl/context.js'
import { PwoaFailure } from '../../src/dsl/errors.js'
import { allPhases, type Phase } from '../../src/dsl/phases.js'
import { enrichOnce } from '../../src/dsl/stages/enrichOnce.js'
import type { HasTerms, Minibatch, Step } from '../../src/dsl/step.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { hsicRegularize } from '../../src/operators/hsicRegularize.js'
import { lossTerm } from '../../src/operators/lossTerm.js'
import type { HasStudent, HasTeacher } from '../../src/training/network/network.js'
import { tinyNet } from '../support/context.js'

type Networks = Step & HasStudent & HasTeacher

/** A step without images or weights: only the student's architecture is read. */
const step = (batch: number, hold: () => () => void = () => () => undefined): Networks => ({
  run: {} as RunContext,
  minibatch: { batch, hold } as Minibatch,
  student: { architecture: tinyNet } as Networks['student'],
  teacher: {} as Networks['teacher'],
})

interface LossStage {
  readonly name: string
  readonly term: string
  readonly phases: readonly Phase[]
  readonly apply: (source: Observable<Networks>) => Observable<Networks & HasTerms>
}

const constant = () => {
  throw new Error('a loss is not computed when the step passes')
}

const stages: readonly LossStage[] = [
  { name: 'crossEntropy', term: 'crossEntropy', phases: allPhases, apply: crossEntropy() },
  { name: 'distill', term: 'distillation', phases: allPhases, apply: distill() },
  {
    name: 'hsicRegularize',
    term: 'hsic',
    phases: ['retrain', 'train'],
    apply: hsicRegularize({ lambdaX: 1, lambdaY: 1 }),
  },
  { name: 'own', term: 'own', phases: ['admm'], apply: lossTerm('own', constant, { phases: ['admm'] }) },
]

const marbles = (check: Parameters<TestScheduler['run']>[0]): void => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(check)
}

/** The comparable part of a step: terms hold functions. */
const view = (values: Observable<Networks & HasTerms>) =>
  new Observable<string>((subscriber) =>
    values.subscribe({
      next: ({ minibatch, terms }) => subscriber.next(`${minibatch.batch} ${terms.map(({ name }) => name).join('+')}`),
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  )

const input = { a: step(0), b: step(1), c: step(2) }

describe.each(stages)('$name', ({ name, term, phases, apply }) => {
  const seen = { a: `0 ${term}`, b: `1 ${term}`, c: `2 ${term}` }

  it('adds its term to each step synchronously', () => {
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const source = hot('-a-(bc)--|', input)
      expectObservable(view(apply(source))).toBe('-a-(bc)--|', seen)
      expectSubscriptions(source.subscriptions).toBe('^--------!')
    })
  })

  it('passes an error after steps on', () => {
    marbles(({ cold, expectObservable }) => {
      const broken = new Error('broken source')
      expectObservable(view(apply(cold('a-b#', input, broken)))).toBe('a-b#', seen, broken)
    })
  })

  it('unsubscribes from the source when it is unsubscribed', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a-b-c-', input)
      expectObservable(view(apply(source)), '^---!').toBe('-a-b', seen)
      expectSubscriptions(source.subscriptions).toBe('^---!')
    })
  })

  it('merges its term after earlier ones', () => {
    marbles(({ cold, expectObservable }) => {
      const other = lossTerm('other', constant)
      expectObservable(view(apply(cold('ab|', input).pipe(other)))).toBe('ab|', {
        a: `0 other+${term}`,
        b: `1 other+${term}`,
      })
    })
  })

  it('refuses its term twice, and unsubscribes', () => {
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('-a-b|', input)
      const refused = { stage: name, expected: 'each loss term once', actual: `"${term}" twice` }
      const error = new PwoaFailure({ _tag: 'OptionError', ...refused })
      expectObservable(view(apply(source).pipe(apply))).toBe('-#', {}, error)
      expectSubscriptions(source.subscriptions).toBe('^!')
    })
  })

  it('acts in its phases only', () => {
    const given: (readonly Phase[])[] = []
    const source = new Subject<Networks>()
    apply(source).subscribe(({ terms }) => given.push(...terms.map((each) => each.phases)))
    source.next(step(0))
    expect(given).toEqual([phases])
  })
})

describe('enrichOnce', () => {
  const gate = () => {
    let open = (): void => undefined
    const opened = new Promise<void>((resolve) => {
      open = resolve
    })
    return { opened, open: () => open() }
  }

  it('makes its fields once, even if a second step arrives before they are made', async () => {
    const { opened, open } = gate()
    let made = 0
    const add = enrichOnce('slow', async () => {
      made += 1
      await opened
      return { mark: made }
    })
    const source = new Subject<Step>()
    const seen: unknown[] = []
    const done = new Promise<void>((resolve) => {
      source
        .pipe(add)
        .subscribe({ next: ({ minibatch, mark }) => seen.push([minibatch.batch, mark]), complete: resolve })
    })
    for (const batch of [0, 1, 2]) source.next(step(batch))
    source.complete()
    open()
    await done
    expect(made).toBe(1)
    expect(seen).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ])
  })

  it('holds every waiting minibatch, and lets go of all', async () => {
    const { opened, open } = gate()
    const held = new Set<number>()
    const lent = (batch: number) =>
      step(batch, () => {
        held.add(batch)
        return () => void held.delete(batch)
      })
    const source = new Subject<Step>()
    const done = new Promise<void>((resolve) => {
      source.pipe(enrichOnce('slow', () => opened.then(() => ({ mark: 1 })))).subscribe({ complete: resolve })
    })
    source.next(lent(0))
    source.next(lent(1))
    expect([...held]).toEqual([0, 1])
    source.complete()
    open()
    await done
    expect([...held]).toEqual([])
  })

  it('lets go on unsubscription and on failure', async () => {
    for (const leave of [true, false]) {
      let held = 0
      const lent = step(0, () => {
        held += 1
        return () => {
          held -= 1
        }
      })
      const source = new Subject<Step>()
      const failed = new Promise((resolve) => {
        const add = enrichOnce('broken', () =>
          leave ? new Promise<object>(() => undefined) : Promise.reject(new Error('no file')),
        )
        const subscription = source.pipe(add).subscribe({ error: resolve })
        source.next(lent)
        expect(held).toBe(1)
        if (leave) {
          subscription.unsubscribe()
          resolve(undefined)
        }
      })
      expect(await failed).toEqual(leave ? undefined : new Error('no file'))
      expect(held).toBe(0)
    }
  })

  it('makes nothing for an empty source', async () => {
    let made = 0
    const add = enrichOnce('never', async () => ({ mark: ++made }))
    await new Promise<void>((resolve) => void (EMPTY as Observable<Step>).pipe(add).subscribe({ complete: resolve }))
    expect(made).toBe(0)
  })
})
