/** Laws of every operator without tensors: its description, its refusals, and sources without steps. */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Observable } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { describe, expect, it } from 'vitest'
import type { Step } from '../../src/dsl/step.js'
import { refusalOf } from '../support/refusalOf.js'
import { rows, table } from './table.js'

const inMarbles = (check: Parameters<TestScheduler['run']>[0]): void => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(check)
}

it('the table has every file of src/operators', () => {
  const folder = fileURLToPath(new URL('../../src/operators', import.meta.url))
  expect(Object.keys(table).sort()).toEqual(
    readdirSync(folder)
      .map((file) => basename(file, '.ts'))
      .sort(),
  )
})

describe.each(rows)('%s', (name, { make, adds, bad }) => {
  const { info } = make('teacher.safetensors')

  it('describes its name, its needs and what it adds', () => {
    expect(info).toMatchObject({ stage: name, adds })
    for (const field of info.needs) expect(['student', 'teacher', 'terms', 'training']).toContain(field)
  })

  it('describes its options as JSON values, none of them undefined', () => {
    expect(JSON.parse(JSON.stringify(info.config))).toStrictEqual(info.config)
  })

  it('has equal descriptions for equal options', () => {
    // What a stage checks before a run is a function, a new one for each stage.
    const described = Object.entries(info).map(([field, value]) => [
      field,
      typeof value === 'function' ? expect.any(Function) : value,
    ])
    expect(make('teacher.safetensors').info).toStrictEqual(Object.fromEntries(described))
  })

  it.each(Object.entries(bad))('refuses %s at once', (_title, refused) => {
    const error = refusalOf(refused)
    expect(error._tag).toBe('OptionError')
    expect(error.expected).not.toBe('')
    expect(error.actual).not.toBe('')
  })

  it('does nothing before a subscription', () => {
    let subscriptions = 0
    const source = new Observable<Step>(() => {
      subscriptions += 1
    })
    const stream = make('teacher.safetensors')(source)
    expect(subscriptions).toBe(0)
    stream.subscribe().unsubscribe()
    expect(subscriptions).toBe(1)
  })

  it('completes with an empty source', () => {
    inMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<Step>('--|')
      expectObservable(make('teacher.safetensors')(source)).toBe('--|')
      expectSubscriptions(source.subscriptions).toBe('^-!')
    })
  })

  it('stays silent with a silent source, and unsubscribes from it', () => {
    inMarbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold<Step>('-')
      expectObservable(make('teacher.safetensors')(source), '^---!').toBe('-')
      expectSubscriptions(source.subscriptions).toBe('^---!')
    })
  })

  it('passes an error on unchanged', () => {
    const broken = new Error('broken source')
    inMarbles(({ cold, expectObservable }) => {
      expectObservable(make('teacher.safetensors')(cold<Step>('-#', {}, broken))).toBe('-#', {}, broken)
    })
  })
})
