/** A run folder whose files were edited after its run had begun. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PwoaError } from '../../../src/dsl/errors.js'
import type { Pipeline } from '../../../src/dsl/pipeline/pipeline.js'
import type { RunHandle } from '../../../src/dsl/pipeline/run.js'
import type { Step } from '../../../src/dsl/step.js'
import { fakePipeline, fakeTrain, jsonOf, reading, temporaryFolder } from '../fakes.js'

const trained = (stopAt?: (step: number) => void): Pipeline<Step> =>
  fakePipeline()
    .pipe(fakeTrain({ epochs: 3, during: (step) => stopAt?.(step) }))
    .withParams({ rate: 4 })

/** A run that was stopped after 8 of its 15 steps. */
const stopped = async (): Promise<string> => {
  const out = join(temporaryFolder(), 'run')
  const run: RunHandle = trained((step) => (step === 7 ? run.stop() : undefined)).run({ out })
  expect(await run.result).toMatchObject({ left: { _tag: 'InterruptedError' } })
  return out
}

const errorOf = async (folder: string): Promise<PwoaError | undefined> => {
  const result = await trained().run({ resume: folder }).result
  return result._tag === 'Left' ? result.left : undefined
}

const edit = (file: string, change: (text: string) => string): void => {
  const text = readFileSync(file, 'utf8')
  const other = change(text)
  expect(other).not.toBe(text)
  writeFileSync(file, other)
}

const hint = 'It was edited after the run had begun. Put it back as it was, or start anew in another folder.'

test('the same folder, not edited, resumes', async () => {
  expect(await errorOf(await stopped())).toBeUndefined()
})

describe('plan.json', () => {
  test.each([
    ['a parameter', '"rate": 4', '"rate": 8', 'rate 4, for which its hash stands', 'rate 8'],
    ['a seed', '"seed": 0', '"seed": 1', 'seed 0, for which its hash stands', 'seed 1'],
    [
      'an option of a stage',
      '"epochs": 3',
      '"epochs": 30',
      'stage 1 fakeTrain epochs 3, for which its hash stands',
      'stage 1 fakeTrain epochs 30',
    ],
    [
      'the name',
      '"pipeline": "fake run"',
      '"pipeline": "mine"',
      'pipeline "fake run", for which its hash stands',
      'pipeline "mine"',
    ],
  ])('with %s edited is refused, with what differs', async (_title, from, to, expected, actual) => {
    const folder = await stopped()
    const file = join(folder, 'plan.json')
    edit(file, (text) => text.replace(from, to))
    expect(await errorOf(folder)).toMatchObject({ _tag: 'FileError', stage: 'resume', file, expected, actual, hint })
  })

  test('with another hash is refused', async () => {
    const folder = await stopped()
    edit(join(folder, 'plan.json'), (text) => text.replace(/"hash": "..../, '"hash": "dead'))
    expect(await errorOf(folder)).toMatchObject({
      _tag: 'FileError',
      expected: expect.stringMatching(/^the hash [0-9a-f]{12} of its fields$/),
      actual: expect.stringMatching(/^dead/),
    })
  })

  test('of a run whose file of weights has moved is the same', async () => {
    const folder = temporaryFolder()
    const [first, second] = [join(folder, 'a.pth'), join(folder, 'b.pth')]
    for (const file of [first, second]) writeFileSync(file, 'weights')
    const runWith = (file: string): Pipeline<Step> => fakePipeline().pipe(reading(file), fakeTrain({ epochs: 1 }))
    const out = join(folder, 'run')
    expect(await runWith(first).run({ out }).result).toMatchObject({ _tag: 'Right' })
    expect(await runWith(second).run({ resume: out }).result).toMatchObject({ _tag: 'Right' })
    expect(jsonOf(join(out, 'plan.json'))).toMatchObject({ stages: [{ config: { files: [first] } }, {}] })
  })
})

describe.each(['metrics.jsonl', 'events.jsonl'])('%s', (name) => {
  test.each([
    [
      'with a digit edited',
      (text: string) =>
        text.replace(
          /"(loss|at)":(\d+)/,
          (_, key: string, digits: string) => `"${key}":${digits.replace(/\d$/, (last) => String(9 - Number(last)))}`,
        ),
    ],
    [
      'with two lines swapped',
      (text: string) => {
        const [a = '', b = '', ...rest] = text.split('\n')
        return [b, a, ...rest].join('\n')
      },
    ],
  ])('%s is refused, and stays as it is', async (_title, change) => {
    const folder = await stopped()
    const file = join(folder, name)
    edit(file, change)
    const edited = readFileSync(file)
    expect(await errorOf(folder)).toMatchObject({
      _tag: 'FileError',
      stage: 'resume',
      file,
      expected: expect.stringMatching(/^the \d+ bytes that its checkpoint refers to \(SHA-256 [0-9a-f]{12}\)$/),
      actual: expect.stringMatching(/^others \([0-9a-f]{12}\)$/),
      hint,
    })
    expect(readFileSync(file).equals(edited)).toBe(true)
  })

  test('that was cut off is refused', async () => {
    const folder = await stopped()
    edit(join(folder, name), (text) => text.slice(0, -2))
    expect(await errorOf(folder)).toMatchObject({ expected: expect.stringContaining('at least the'), hint })
  })

  test('with lines after the last checkpoint is cut back to it, as after a crash', async () => {
    const folder = await stopped()
    edit(join(folder, name), (text) => `${text}{"half`)
    expect(await errorOf(folder)).toBeUndefined()
  })
})

test('a checkpoint whose head was edited does not count: the one before it does, with a warning', async () => {
  const folder = await stopped()
  const names = readdirSync(join(folder, 'checkpoints')).sort()
  expect(names).toEqual(['step-00000005.safetensors', 'step-00000008.safetensors'])
  const newest = join(folder, 'checkpoints', names[1] ?? '')
  const bytes = readFileSync(newest)
  const place = bytes.indexOf('\\"step\\":8')
  expect(place).toBeGreaterThan(0)
  bytes.write('9', place + '\\"step\\":'.length)
  writeFileSync(newest, bytes)
  const result = await trained().run({ resume: folder }).result
  expect(result).toMatchObject({
    right: {
      warnings: [expect.stringMatching(/step-00000008\.safetensors is damaged .* step-00000005\.safetensors$/)],
    },
  })
})
