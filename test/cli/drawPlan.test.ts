import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { drawPlan, planAsJson } from '../../src/cli/draw/drawPlan.js'
import { colorsFor } from '../../src/cli/draw/terminal.js'
import { syntheticDigits } from '../../src/io/datasets/digits/syntheticDigits.js'
import { admmMask } from '../../src/operators/admmMask.js'
import { crossEntropy } from '../../src/operators/crossEntropy.js'
import { distill } from '../../src/operators/distill.js'
import { loadTeacher } from '../../src/operators/loadTeacher.js'
import { drawValues } from '../../src/report/tables/drawValues.js'
import { pipeline } from '../../src/runtime/run/pipeline.js'
import { sweep } from '../../src/runtime/sweep/sweep.js'

const teacher = fileURLToPath(new URL('../../assets/teacher-digits.safetensors', import.meta.url))
const losses = { labels: crossEntropy(), answers: distill() }

const made = (studied: boolean) =>
  sweep(
    'losses',
    { rate: [4, 8], method: ['labels', 'answers'] },
    ({ method, rate }) =>
      pipeline(method, syntheticDigits({ train: 10, test: 10 })).pipe(
        loadTeacher(teacher),
        losses[method],
        admmMask({ pattern: 'irregular', rate }),
      ),
    studied ? { study: { method: 'method', across: 'rate' } } : {},
  ).withParams({ dataset: 'digits' })

const drawn = (studied: boolean): readonly string[] => drawPlan(made(studied), colorsFor({})).split('\n\n')

describe('the plan of a sweep', () => {
  const list = 'losses, 4 points\n  rate=4 method=labels\n  rate=4 method=answers\n  rate=8 method=labels\n'

  test('lists the points and the stages of the first one', () => {
    const [points, first, ...others] = drawn(false)
    expect(`${points}\n`).toContain(list)
    expect(first).toMatch(/^rate=4 method=labels\n {2}parameters +dataset digits · rate 4 · method labels\n/)
    expect(first).toMatch(/\n {2}crossEntropy +weight 1/)
    expect(others).toEqual([])
  })

  test('lists for a study the stages of the first point of each method; equal stages of several lines are drawn once', () => {
    const [points, labels, answers, ...others] = drawn(true)
    expect(`${points}\n`).toContain(list)
    expect(labels).toMatch(/^labels {2}rate=4 method=labels\n {2}parameters +dataset digits\n/)
    expect(labels).toMatch(/\n {2}crossEntropy +weight 1[\s\S]*\n {2}admmMask +pattern irregular · rate 4/)
    expect(answers).toMatch(/^answers {2}rate=4 method=answers\n {2}parameters +dataset digits\n/)
    expect(answers).toMatch(
      /\n {2}loadTeacher +as in labels\n {2}distill +temperature 30[\s\S]*\n {2}admmMask +as in labels\n$/,
    )
    expect(others).toEqual([])
  })

  test('as JSON has the stages of every point, with or without a study', () => {
    for (const studied of [true, false]) {
      const { points } = planAsJson(made(studied), 0) as { points: readonly { stages: readonly { stage: string }[] }[] }
      const seconds = points.map(({ stages }) => stages[1]?.stage)
      expect(seconds).toEqual(['crossEntropy', 'distill', 'crossEntropy', 'distill'])
    }
  })
})

test('a long option continues on indented lines, and the option after it starts a new line', () => {
  const attack = { name: 'pgd', epsilon: 0.3, steps: 40, stepSize: 0.01 }
  expect(drawValues({ rate: 4, attacks: [attack, attack], examples: 10, seed: 0 }, 40).split('\n')).toEqual([
    'rate 4',
    'attacks pgd(epsilon 0.3, steps 40,',
    '  stepSize 0.01), pgd(epsilon 0.3,',
    '  steps 40, stepSize 0.01)',
    'examples 10 · seed 0',
  ])
})

test('radii and step sizes are drawn as whole steps of 1/255', () => {
  const attack = { name: 'pgd', epsilon: 8 / 255, stepSize: 2 / 255, alpha: 8 / 255 }
  expect(drawValues({ attacks: [attack], epsilon: [8 / 255, 0.1] }, 200)).toBe(
    `attacks pgd(epsilon 8/255, stepSize 2/255, alpha ${8 / 255}) · epsilon 8/255, 0.1`,
  )
})
