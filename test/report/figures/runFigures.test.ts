import { describe, expect, test } from 'vitest'
import type { RunEvent } from '../../../src/dsl/events.js'
import { makeRunFigures } from '../../../src/report/figures/runFigures.js'
import { makeThinned } from '../../../src/report/figures/thinned.js'
import { metricsAt } from '../records.js'

const accuracies = { clean: 0.9, attacks: { pgd: 0.5 }, examples: 10 }
const evaluating = (attack: string): RunEvent => ({
  type: 'evaluating',
  subject: 'before',
  attack,
  stage: attack,
  done: 1,
  total: 10,
  robust: 0.9,
  secondsLeft: undefined,
})

describe('the figures of a run', () => {
  test('split the time into phases, evaluations, pauses, and the gap of an interruption', () => {
    const figures = makeRunFigures('run')
    const at = (time: number, event: RunEvent): void => figures.event({ at: time, step: 0, event })
    const environment = { pwoa: '1', node: '20', system: '', processor: '', cores: 1, memory: 1 }
    at(0, { type: 'environment', environment })
    at(1, { type: 'phase', stage: 'admmMask', phase: 'admm', epochs: 2 })
    at(2, evaluating('clean'))
    at(3, evaluating('pgd'))
    at(4, { type: 'evaluation', subject: 'before', accuracies })
    figures.step(metricsAt(1, 10))
    at(5, { type: 'paused' })
    at(8, { type: 'continued' })
    at(9, { type: 'warning', stage: 'here', message: 'the last sign of life' })
    at(20, { type: 'environment', environment })
    at(21, { type: 'engine', name: 'wasm', description: 'engine: wasm' })
    figures.step(metricsAt(2, 10))
    figures.end('done', 25)
    expect(figures.facts().timeline.map(({ label, from, to }) => [label, from, to])).toEqual([
      ['admm', 1, 2],
      ['before', 2, 4],
      ['admm', 4, 5],
      ['paused', 5, 8],
      ['admm', 8, 9],
      ['admm', 21, 25],
    ])
  })

  test('name each engine once', () => {
    const figures = makeRunFigures('run')
    for (const name of ['wasm', 'tensorflow', 'wasm'])
      figures.event({ at: 0, step: 0, event: { type: 'engine', name, description: `engine: ${name} 1` } })
    expect(figures.facts().engine).toBe('engine: wasm 1; then tensorflow 1')
  })

  test('keep time monotonic if the clock is set back', () => {
    const figures = makeRunFigures('run')
    const at = (time: number, event: RunEvent): void => figures.event({ at: time, step: 0, event })
    at(5001, { type: 'phase', stage: 'admmMask', phase: 'admm', epochs: 2 })
    at(5003, { type: 'warning', stage: 'here', message: 'an hour and more before' })
    at(1003, { type: 'phase', stage: 'admmMask', phase: 'retrain', epochs: 2 })
    at(1006, evaluating('clean'))
    at(1008, { type: 'evaluation', subject: 'after', accuracies })
    figures.end('done', 1009)
    expect(figures.facts().timeline.map(({ label, from, to }) => [label, from, to])).toEqual([
      ['admm', 5001, 5003],
      ['retrain', 5003, 5006],
      ['before', 5006, 5008],
    ])
  })

  test('have the state and the evaluation in progress', () => {
    const figures = makeRunFigures('run')
    const states: string[] = []
    const emit = (event: RunEvent): void => {
      figures.event({ at: 1, step: 3, event })
      states.push(figures.facts().state)
    }
    emit({ type: 'engine', name: 'wasm', description: 'engine: wasm' })
    emit({ type: 'paused' })
    emit({ type: 'continued' })
    emit(evaluating('pgd'))
    expect(figures.facts().evaluating?.attack).toBe('pgd')
    emit({ type: 'evaluation', subject: 'after', accuracies })
    expect(figures.facts().evaluating).toBeUndefined()
    expect(figures.facts().measured).toEqual([{ subject: 'after', at: 1, step: 3, accuracies }])
    figures.end('failed', 2, 'stage: expected this, got that')
    expect(states).toEqual(['running', 'paused', 'running', 'running', 'running'])
    expect(figures.facts()).toMatchObject({ state: 'failed', error: 'stage: expected this, got that' })
  })

  test('estimate the speed and the remaining time by the clock', () => {
    const figures = makeRunFigures('run')
    for (let step = 1; step <= 11; step++) figures.step(metricsAt(step, 21), 100 + 0.5 * step)
    expect(figures.head()).toMatchObject({ stepsPerSecond: 2, secondsLeft: 5, metrics: { step: 11 } })
  })

  test('stay of bounded size', () => {
    const figures = makeRunFigures('run')
    const sizeOf = (): number => JSON.stringify([figures.facts(), figures.weights(), figures.curves.all()]).length
    const happen = (from: number, to: number): void => {
      for (let step = from; step <= to; step++) {
        figures.step(metricsAt(step, 40_000))
        figures.event({ at: step, step, event: { type: 'warning', stage: 'x', message: `number ${step % 300}` } })
        figures.event({ at: step, step, event: { type: 'evaluation', subject: 'epoch', accuracies } })
        figures.event({ at: step, step, event: { type: 'admm', epoch: step, rho: 1, primal: 1, dual: 1 } })
        figures.event({ at: step, step, event: evaluating(`attack ${step % 200}`) })
      }
    }
    happen(1, 4000)
    const early = sizeOf()
    happen(4001, 40_000)
    expect(sizeOf()).toBeLessThan(2.5 * early)
  })
})

test('a thinned list keeps the first, the newest and an even selection between them', () => {
  const list = makeThinned<number>(10)
  for (let i = 0; i < 1000; i++) list.add(i)
  const values = list.values()
  expect(values.length).toBeLessThanOrEqual(12)
  expect([values[0], values.at(-1)]).toEqual([0, 999])
  const steps = values.slice(1, -1).map((value, i) => value - (values[i] ?? 0))
  expect(new Set(steps).size).toBe(1)
})
